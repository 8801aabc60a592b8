import { BarChart, type BarSeriesOption, LineChart, type LineSeriesOption } from 'echarts/charts'
import {
  GridComponent,
  type GridComponentOption,
  TooltipComponent,
  type TooltipComponentOption,
} from 'echarts/components'
import { type ComposeOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { Series, TimeChart } from './charts/chart.ts'
import { slotLabel, slotTitle, type Unit } from './slots.ts'

use([BarChart, LineChart, GridComponent, TooltipComponent, SVGRenderer])

type Option = ComposeOption<BarSeriesOption | LineSeriesOption | GridComponentOption | TooltipComponentOption>

/** Room for a label of the time axis. Measuring all labels would take a third of the drawing's time. */
const LABEL_PX = 64

/** It is printed in this width, in which its labels are as large as the text beside it. */
const PAPER = { width: 700, height: 240 }
/** As large as its element. Without it, the width on paper would stay. */
const SCREEN = { width: 'auto', height: 'auto' } as const

/** Lines with fewer points show a marker for each, so that an isolated point is visible. */
const MAX_MARKED_POINTS = 60

/** Log scale for durations, whose range is wide. It starts and ends at powers of ten. */
const LOGARITHMIC = {
  type: 'log' as const,
  min: ({ min }: { min: number }) =>
    min > 0 && Number.isFinite(min) ? 10 ** Math.floor(Math.log10(min)) : 1,
  max: ({ max }: { max: number }) =>
    max > 0 && Number.isFinite(max) ? 10 ** Math.ceil(Math.log10(max)) : 10,
}

export interface Graph {
  draw(chart: TimeChart): void
  remove(): void
}

/** Creates a chart that redraws itself when the element's size or the color scheme changes. */
export function createGraph(element: HTMLElement): Graph {
  const instance = init(element, null, { renderer: 'svg' })
  const schemes = [matchMedia('(prefers-color-scheme: dark)'), matchMedia('print')]
  let drawn: TimeChart | undefined
  const fits = () =>
    element.clientWidth === instance.getWidth() && element.clientHeight === instance.getHeight()
  const redraw = () => {
    if (!drawn) return
    const isPrinted = matchMedia('print').matches
    if (isPrinted) instance.resize(PAPER)
    else if (!fits()) instance.resize(SCREEN)
    const option = toOption(drawn, getComputedStyle(element), instance.getWidth())
    // On the screen it is drawn in the next frame: two short tasks block a phone less than a long one.
    instance.setOption(option, { notMerge: true, lazyUpdate: !isPrinted })
  }
  // The observer also fires for the initial size. Resizing redraws everything, so skip it if nothing changed.
  const sizes = new ResizeObserver(() => {
    if (!fits() && !matchMedia('print').matches) redraw()
  })
  sizes.observe(element)
  for (const scheme of schemes) scheme.addEventListener('change', redraw)
  instance.on('rendered', () => makeScalable(instance.getDom()))
  return {
    draw(chart) {
      drawn = chart
      redraw()
    },
    remove() {
      sizes.disconnect()
      for (const scheme of schemes) scheme.removeEventListener('change', redraw)
      instance.dispose()
    },
  }
}

/** The drawing follows the width of its element even where no script runs, as on paper. */
function makeScalable(element: HTMLElement): void {
  const svg = element.querySelector('svg')
  const frame = svg?.parentElement
  if (!svg || !frame) return
  svg.setAttribute('viewBox', `0 0 ${svg.getAttribute('width')} ${svg.getAttribute('height')}`)
  Object.assign(svg.style, { position: 'static', display: 'block', width: '100%', height: 'auto' })
  Object.assign(frame.style, { width: '100%', height: 'auto' })
}

function toOption(
  { kind, slots, series, formatValue, isInteger }: TimeChart,
  style: CSSStyleDeclaration,
  width: number,
): Option {
  const color = (name: string) => style.getPropertyValue(name).trim()
  const font = { color: color('--soft'), fontFamily: style.fontFamily, fontSize: 12 }
  const ink = { ...font, color: color('--ink') }
  return {
    animation: false,
    grid: {
      // Browsers draw text a little larger than the library measures it.
      ...{ left: 6, right: 22, top: 10, bottom: 6 },
      outerBoundsMode: 'same',
      outerBoundsContain: 'axisLabel',
    },
    xAxis: {
      type: 'category',
      data: slots.names,
      axisLine: { lineStyle: { color: color('--soft') } },
      axisTick: { show: false },
      axisLabel: {
        ...font,
        hideOverlap: true,
        interval: Math.ceil((slots.names.length * LABEL_PX) / width) - 1,
        formatter: (slot: string) => slotLabel(slot, slots.unit),
      },
    },
    yAxis: {
      ...(kind === 'lines' ? LOGARITHMIC : { type: 'value', min: 0, splitNumber: 3 }),
      ...(isInteger && { minInterval: 1 }),
      splitLine: { lineStyle: { color: color('--line') } },
      axisLabel: { ...font, formatter: formatValue },
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      axisPointer: { type: kind === 'lines' ? 'line' : 'shadow' },
      backgroundColor: color('--field'),
      borderColor: color('--line'),
      textStyle: { ...ink, fontSize: 13 },
      formatter: (points) => tooltip(Array.isArray(points) ? points : [points], formatValue, slots.unit),
    },
    series: series.map((one) => (kind === 'lines' ? toLine(one, color) : toColumns(one, color))),
  }
}

function toColumns({ name, color, values }: Series, read: (name: string) => string): BarSeriesOption {
  return {
    type: 'bar',
    name,
    stack: 'all',
    // Null draws nothing; zero would draw a border.
    data: values.map((value) => value || null),
    barMaxWidth: 36,
    barCategoryGap: '22%',
    // A thin gap separates stacked parts, so that color is not the only difference.
    itemStyle: { color: read(color), borderColor: read('--paper'), borderWidth: 0.5 },
  }
}

function toLine({ name, color, values }: Series, read: (name: string) => string): LineSeriesOption {
  return {
    type: 'line',
    name,
    data: values.map((value) => value ?? null),
    showSymbol: values.filter((value) => value !== undefined).length < MAX_MARKED_POINTS,
    symbol: 'circle',
    symbolSize: 5,
    lineStyle: { color: read(color), width: 2 },
    itemStyle: { color: read(color) },
  }
}

interface Point {
  name?: string
  color?: unknown
  seriesName?: string
  value?: unknown
}

/** Elements, not HTML: the page's policy has no inline styles, which the library's own markers are. */
function tooltip(points: Point[], formatValue: (value: number) => string, unit: Unit): HTMLElement[] {
  const visible = points.filter(
    ({ value }) => typeof value === 'number' && (value > 0 || points.length === 1),
  )
  const lines = visible.map(({ color, seriesName = '', value }) => {
    const marker = element('span')
    marker.className = 'marker'
    marker.style.backgroundColor = String(color)
    return element('div', marker, `${seriesName}: `, element('b', formatValue(Number(value))))
  })
  const title = element('div', slotTitle(points[0]?.name ?? '', unit))
  return [title, ...(lines.length ? lines : [element('div', 'none')])]
}

function element(name: 'div' | 'span' | 'b', ...content: (Node | string)[]): HTMLElement {
  const created = document.createElement(name)
  created.append(...content)
  return created
}
