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

/** The sum of the rows of each slot. */
export function sumsOver<Row extends Slotted>(
  slots: Slots,
  rows: Row[],
  value: (row: Row) => number,
): number[] {
  const sums = new Map(sumsBy(rows, (row) => slots.of(row), value))
  return slots.names.map((name) => sums.get(name) ?? 0)
}

/** A percentile from a histogram; `share` is 0 to 1. Undefined if there are no images. */
export function percentile(rows: { ready_ms: number; images: number }[], share: number): number | undefined {
  const ordered = rows.toSorted((a, b) => a.ready_ms - b.ready_ms)
  let remaining = share * sum(rows, ({ images }) => images)
  for (const { ready_ms, images } of ordered) {
    remaining -= images
    if (remaining <= 0) return ready_ms
  }
  return ordered.at(-1)?.ready_ms
}
