const PARTS = { p50: 0.5, p95: 0.95, p99: 0.99, max: 1 }

/** Prints, for each named step, how many seconds it took; the samples are in milliseconds. */
export function printPercentiles(steps: Record<string, number[]>): void {
  console.log(row('', Object.keys(PARTS)))
  for (const [title, samples] of Object.entries(steps)) console.log(row(title, percentiles(samples)))
}

function percentiles(samples: number[]): string[] {
  const sorted = samples.toSorted((a, b) => a - b)
  return Object.values(PARTS).map((part) => {
    const sample = sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN
    return `${(sample / 1000).toFixed(2)} s`
  })
}

function row(title: string, cells: string[]): string {
  return `  ${title.padEnd(26)}${cells.map((cell) => cell.padStart(9)).join('')}`
}
