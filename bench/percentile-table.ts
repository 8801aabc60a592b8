import { formatTable } from '@darkroom/terminal'

const PARTS = { p50: 0.5, p95: 0.95, p99: 0.99, max: 1 }

/** Prints how many seconds each named step took; the samples are in milliseconds. */
export function printPercentiles(steps: Record<string, number[]>): void {
  const rows = Object.entries(steps).map(([title, samples]) => [title, ...percentiles(samples)])
  console.log(formatTable(['', ...Object.keys(PARTS)], rows))
}

function percentiles(samples: number[]): string[] {
  return Object.values(PARTS).map((part) => `${(percentile(samples, part) / 1000).toFixed(2)} s`)
}

export function percentile(samples: number[], part: number): number {
  return samples.toSorted((a, b) => a - b)[Math.ceil(part * samples.length) - 1] ?? Number.NaN
}
