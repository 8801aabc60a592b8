import { useEffect, useId, useRef } from 'preact/hooks'
import type { TimeChart } from './charts/chart.ts'
import { createGraph, type Graph } from './graph.ts'
import { slotTitle } from './slots.ts'

/** A chart over time with a text summary and the same numbers as a table. */
export function TimeChartFigure({ chart }: { chart: TimeChart }) {
  const id = useId()
  const element = useRef<HTMLDivElement>(null)
  const graph = useRef<Graph>()
  const latest = useRef(chart)
  latest.current = chart
  useEffect(() => {
    if (!element.current) return
    const shown = element.current
    const stop = whenNear(shown, () => {
      graph.current = createGraph(shown)
      graph.current.draw(latest.current)
    })
    return () => {
      stop()
      graph.current?.remove()
    }
  }, [])
  useEffect(() => graph.current?.draw(chart), [chart])
  return (
    <section class="chart" aria-labelledby={id}>
      <h2 id={id}>{chart.title}</h2>
      <p>{chart.summary}</p>
      {chart.kind === 'columns' && chart.series.length > 1 && <Legend chart={chart} />}
      <div class="graph" role="img" aria-label={`${chart.title}. ${chart.summary}`} ref={element} />
      <Numbers chart={chart} />
    </section>
  )
}

/**
 * Calls back once, when the element is about to be scrolled into view or printed: drawing all charts at once would block a
 * phone for a second.
 */
function whenNear(element: HTMLElement, show: () => void): () => void {
  const print = matchMedia('print')
  const near = new IntersectionObserver(([entry]) => entry?.isIntersecting && showOnce(), {
    rootMargin: '25%',
  })
  const stop = () => {
    near.disconnect()
    print.removeEventListener('change', showOnce)
    removeEventListener('beforeprint', showOnce)
  }
  const showOnce = () => {
    stop()
    show()
  }
  near.observe(element)
  print.addEventListener('change', showOnce)
  addEventListener('beforeprint', showOnce)
  return stop
}

function Legend({ chart }: { chart: TimeChart }) {
  return (
    <ul class="legend">
      {chart.series.map(({ name, color }) => (
        <li key={name} style={{ '--color': `var(${color})` }}>
          {name}
        </li>
      ))}
    </ul>
  )
}

function Numbers({ chart: { title, slots, series, formatValue } }: { chart: TimeChart }) {
  const rows = slots.names.map((slot, n) => ({ slot, values: series.map(({ values }) => values[n]) }))
  return (
    <details>
      <summary>
        Numbers<span class="visually-hidden"> for “{title}”</span>
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable area must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={`Numbers for “${title}”`}>
        <table>
          <thead>
            <tr>
              <th scope="col">UTC</th>
              {series.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows
              .filter(({ values }) => values.some((value) => value))
              .map(({ slot, values }) => (
                <tr key={slot}>
                  <th scope="row">{slotTitle(slot, slots.unit)}</th>
                  {values.map((value, n) => (
                    <td key={series[n]?.name}>{value === undefined ? '' : formatValue(value)}</td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}
