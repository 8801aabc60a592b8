import type { Slots, Slotted } from './slots.ts'

/** The sum of `value` over `rows`. */
export function sum<Row>(rows: Row[], value: (row: Row) => number): number {
  return rows.reduce((total, row) => total + value(row), 0)
}

/** The sums by `key`, largest first. */
export function sumsBy<Row>(rows: Row[], key: (row: Row) => string, value: (row: Row) => number) {
  const sums = new Map<string, number>()
  for (const row of rows) sums.set(key(row), (sums.get(key(row)) ?? 0) + value(row))
  return [...sums].toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b))
}

/** For each of `slots` the sum of its rows. */
export function sumsOver<Row extends Slotted>(
  slots: Slots,
  rows: Row[],
  value: (row: Row) => number,
): number[] {
  const sums = new Map(sumsBy(rows, (row) => slots.of(row), value))
  return slots.names.map((name) => sums.get(name) ?? 0)
}

/** The value below which a share of all images lies, from a histogram. Undefined for no images. */
export function percentile(rows: { ready_ms: number; images: number }[], share: number): number | undefined {
  const ordered = rows.toSorted((a, b) => a.ready_ms - b.ready_ms)
  let left = share * sum(rows, ({ images }) => images)
  for (const { ready_ms, images } of ordered) {
    left -= images
    if (left <= 0) return ready_ms
  }
  return ordered.at(-1)?.ready_ms
}
