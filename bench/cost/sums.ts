type Counts<Name extends string> = Record<Name, number>

/** Name by name. */
export function plus<Name extends string>(a: Counts<Name>, b: Counts<Name>): Counts<Name> {
  return mapCounts(a, (count, name) => count + b[name])
}

export function times<Name extends string>(counts: Counts<Name>, factor: number): Counts<Name> {
  return mapCounts(counts, (count) => count * factor)
}

function mapCounts<Name extends string>(
  counts: Counts<Name>,
  change: (count: number, name: Name) => number,
): Counts<Name> {
  const entries = Object.entries(counts) as [Name, number][]
  return Object.fromEntries(entries.map(([name, count]) => [name, change(count, name)])) as Counts<Name>
}
