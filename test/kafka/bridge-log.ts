/** A line of the bridge's about one record. */
export interface RecordLine {
  message: 'record accepted' | 'record rejected' | 'record deferred'
  partition: number
  offset: number
  imageId?: string
  /** Whether the image had been accepted before. */
  replayed?: boolean
}

/** What the bridge says of its records: the only place that shows their order and their repetitions. */
export function bridgeLog() {
  const lines: RecordLine[] = []
  const take = (part: string, line: string) => {
    if (part !== 'kafka-bridge' || !line.startsWith('{')) return
    const entry = JSON.parse(line)
    if (String(entry.message).startsWith('record ')) lines.push(entry)
  }
  return { lines, take }
}

/** The partitions' offsets in the order in which images were accepted for the first time. */
export function firstAcceptances(lines: RecordLine[]): Map<number, number[]> {
  const first = lines.filter(({ message, replayed }) => message === 'record accepted' && !replayed)
  return new Map(
    [...Map.groupBy(first, ({ partition }) => partition)].map(([partition, group]) => [
      partition,
      group.map(({ offset }) => offset),
    ]),
  )
}
