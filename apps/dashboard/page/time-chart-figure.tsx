import { useEffect, useRef, useState } from 'preact/hooks'
import type { TimeChart } from './charts/chart.ts'
import type { Graph } from './graph.ts'
import { slotTitle } from './slots.ts'

let library: Promise<typeof import('./graph.ts')> | undefined

/** Most of the page's script is the charting library. It is loaded once the text is visible. */
function loadLibrary() {
  library ??= import('./graph.ts')
  return library
}

/** A chart over time with a text summary and the same numbers as a table. */
export function TimeChartFigure({ chart }: { chart: TimeChart }) {
  const { element, hasFailed } = useGraph(chart)
  return (
    <section class="chart" aria-label={chart.title}>
      <h2>{chart.title}</h2>
      <p>{chart.summary}</p>
      {chart.series.length > 1 && <Legend chart={chart} />}
      {hasFailed ? (
        <p class="notice">The chart could not be loaded. Reload the page, or open its numbers.</p>
      ) : (
        <div class="graph" role="img" aria-label={`${chart.title}. ${chart.summary}`} ref={element} />
      )}
      <Numbers chart={chart} />
    </section>
  )
}

/** Draws the chart in the element once it is near the window. */
function useGraph(chart: TimeChart) {
  const element = useRef<HTMLDivElement>(null)
  const graph = useRef<Graph>()
  const [hasFailed, setFailed] = useState(false)
  const latest = useRef(chart)
  latest.current = chart
  useEffect(() => {
    let stop: (() => void) | undefined
    let isMounted = true
    const drawWhenNear = async () => {
      const { createGraph } = await loadLibrary()
      const { current: shown } = element
      if (!isMounted || !shown) return
      stop = whenNear(shown, () => {
        const created = createGraph(shown)
        created.draw(latest.current)
        graph.current = created
      })
    }
    drawWhenNear().catch(() => setFailed(true))
    return () => {
      isMounted = false
      stop?.()
      graph.current?.remove()
    }
  }, [])
  useEffect(() => graph.current?.draw(chart), [chart])
  return { element, hasFailed }
}

/**
 * Calls back once, when the element is about to be scrolled into view or printed: drawing all charts at once would block a
 * phone for a second.
 */
function whenNear(element: HTMLElement, show: () => void): () => void {
  const print = matchMedia('print')
  if (print.matches) {
    show()
    return () => undefined
  }
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

/** The table is made when it is opened: a year of rows costs a phone more than the rest of the page. */
function Numbers({ chart }: { chart: TimeChart }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        Numbers<span class="visually-hidden"> for “{chart.title}”</span>
      </summary>
      {isOpen && <Table chart={chart} />}
    </details>
  )
}

function Table({ chart: { title, slots, series, formatValue } }: { chart: TimeChart }) {
  const rows = slots.names.map((slot, n) => ({ slot, values: series.map(({ values }) => values[n]) }))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable area must be reachable by keyboard
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
  )
}
