import type { FetchedRecord } from './assigned-partition.ts'
import type { EventRecord } from './event-record.ts'
import type { KafkaMapping } from './kafka-mapping.ts'

/** What the function is invoked with. */
export type KafkaEvent = {
  eventSource: KafkaMapping['eventSource']
  eventSourceArn?: string
  /** Comma separated. */
  bootstrapServers: string
  /** By `topic-partition`. */
  records: Record<string, EventRecord[]>
}

export function toEvent(
  records: FetchedRecord[],
  { eventSource, eventSourceArn }: KafkaMapping,
  brokers: string[],
): KafkaEvent {
  const byPartition = Object.groupBy(records, ({ partition }) => partition.key)
  const entries = Object.entries(byPartition).map(([key, group = []]) => [
    key,
    group.map(({ event }) => event),
  ])
  return {
    eventSource,
    ...(eventSourceArn !== undefined && { eventSourceArn }),
    bootstrapServers: brokers.join(','),
    records: Object.fromEntries(entries),
  }
}
