import { BarChart, type BarSeriesOption, LineChart, type LineSeriesOption } from 'echarts/charts'
import {
  GridComponent,
  type GridComponentOption,
  TooltipComponent,
  type TooltipComponentOption,
} from 'echarts/components'
import { type ComposeOption, format, init, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { SVGRenderer } from 'echarts/renderers'
import type { Series, TimeChart } from './charts/chart.ts'
import { slotLabel, slotTitle } from './slots.ts'

use([BarChart, LineChart, GridComponent, TooltipComponent, LabelLayout, SVGRenderer])

type Option = ComposeOption<BarSeriesOption | LineSeriesOption | GridComponentOption | TooltipComponentOption>

/** Below so many points each is marked, so that one that stands alone can be seen. */
const FEW = 60

/** For times, of which the longest are many times the usual ones: full powers of ten, from end to end. */
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

/** Draws into an element, and again when its size or the colour scheme changes. */
export function createGraph(element: HTMLElement): Graph {
  const instance = init(element, null, { renderer: 'svg' })
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  let drawn: TimeChart | undefined
  const redraw = () => drawn && instance.setOption(toOption(drawn, getComputedStyle(element)), true)
  // It is told the size that it was made with as well, and resizing draws everything again.
  const sizes = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = element
    if (width !== instance.getWidth() || height !== instance.getHeight()) instance.resize()
  })
  sizes.observe(element)
  scheme.addEventListener('change', redraw)
  return {
    draw(chart) {
      drawn = chart
      redraw()
    },
    remove() {
      sizes.disconnect()
      scheme.removeEventListener('change', redraw)
      instance.dispose()
    },
  }
}

function toOption({ kind, slots, series, inWords, whole }: TimeChart, style: CSSStyleDeclaration): Option {
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const font = { color: colour('--soft'), fontFamily: style.fontFamily, fontSize: 12 }
  const ink = { ...font, color: colour('--ink') }
  return {
    animation: false,
    grid: { left: 0, right: kind === 'lines' ? 34 : 0, top: 10, bottom: 0, containLabel: true },
    xAxis: {
      type: 'category',
      data: slots.names,
      axisLine: { lineStyle: { color: colour('--soft') } },
      axisTick: { show: false },
      axisLabel: { ...font, hideOverlap: true, formatter: slotLabel },
    },
    yAxis: {
      ...(kind === 'lines' ? LOGARITHMIC : { type: 'value', min: 0, splitNumber: 3 }),
      ...(whole && { minInterval: 1 }),
      splitLine: { lineStyle: { color: colour('--line') } },
      axisLabel: { ...font, formatter: inWords },
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      axisPointer: { type: kind === 'lines' ? 'line' : 'shadow' },
      backgroundColor: colour('--field'),
      borderColor: colour('--line'),
      textStyle: { ...ink, fontSize: 13 },
      formatter: (points) => tooltip(Array.isArray(points) ? points : [points], inWords),
    },
    series: series.map((one) => (kind === 'lines' ? toLine(one, colour, ink) : toColumns(one, colour))),
  }
}

function toColumns({ name, colour, values }: Series, read: (name: string) => string): BarSeriesOption {
  return {
    type: 'bar',
    name,
    stack: 'all',
    // Nothing at all is drawn for zero, not even an edge.
    data: values.map((value) => value || null),
    barMaxWidth: 36,
    barCategoryGap: '22%',
    // A thin gap between stacked parts tells them apart without colour.
    itemStyle: { color: read(colour), borderColor: read('--paper'), borderWidth: 0.5 },
  }
}

function toLine(
  { name, colour, values }: Series,
  read: (name: string) => string,
  font: object,
): LineSeriesOption {
  return {
    type: 'line',
    name,
    data: values.map((value) => value ?? null),
    showSymbol: values.filter((value) => value !== undefined).length < FEW,
    symbol: 'circle',
    symbolSize: 5,
    lineStyle: { color: read(colour), width: 2 },
    itemStyle: { color: read(colour) },
    endLabel: { ...font, show: true, formatter: name, color: read(colour) },
    labelLayout: { moveOverlap: 'shiftY' },
  }
}

interface Point {
  name?: string
  marker?: unknown
  seriesName?: string
  value?: unknown
}

function tooltip(points: Point[], inWords: (value: number) => string): string {
  const told = points.filter(({ value }) => typeof value === 'number' && (value > 0 || points.length === 1))
  const lines = told.map(
    ({ marker, seriesName = '', value }) =>
      `${marker}${format.encodeHTML(seriesName)}: <b>${inWords(Number(value))}</b>`,
  )
  return [slotTitle(points[0]?.name ?? ''), ...(lines.length ? lines : ['nothing'])].join('<br>')
}
