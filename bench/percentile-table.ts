import { formatTable } from '@darkroom/terminal'

const PARTS = { p50: 0.5, p95: 0.95, p99: 0.99, max: 1 }

/** Prints how many seconds each named step took; the samples are in milliseconds. */
export function printPercentiles(steps: Record<string, number[]>): void {
  const rows = Object.entries(steps).map(([title, samples]) => [title, ...percentiles(samples)])
  console.log(formatTable(['', ...Object.keys(PARTS)], rows))
}

function percentiles(samples: number[]): string[] {
  const sorted = samples.toSorted((a, b) => a - b)
  return Object.values(PARTS).map((part) => {
    const sample = sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN
    return `${(sample / 1000).toFixed(2)} s`
  })
}
