/** A log line of the bridge about one record. */
export interface RecordLine {
  message: 'record accepted' | 'record rejected' | 'record deferred'
  partition: number
  offset: number
  imageId?: string
  /** Whether the image had been accepted before. */
  replayed?: boolean
}

/** The bridge's log lines about records. Only they show the order and repetitions. */
export function bridgeLog() {
  const lines: RecordLine[] = []
  const read = (part: string, line: string) => {
    if (part !== 'kafka-bridge' || !line.startsWith('{')) return
    const entry = JSON.parse(line)
    if (String(entry.message).startsWith('record ')) lines.push(entry)
  }
  return { lines, read }
}

/** The offsets of each partition, in the order in which the images were first accepted. */
export function firstAcceptances(lines: RecordLine[]): Map<number, number[]> {
  const first = lines.filter(({ message, replayed }) => message === 'record accepted' && !replayed)
  return new Map(
    [...Map.groupBy(first, ({ partition }) => partition)].map(([partition, group]) => [
      partition,
      group.map(({ offset }) => offset),
    ]),
  )
}
