import type { KafkaRecord, RecordsBatch } from '@platformatic/kafka'
import type { KafkaMapping } from './mapping.ts'

/** The event that the function receives. */
export interface KafkaEvent {
  eventSource: KafkaMapping['eventSource']
  eventSourceArn?: string
  /** Comma-separated. */
  bootstrapServers: string
  /** By `topic-partition`. */
  records: Record<string, EventRecord[]>
}

export function toEvent(
  records: { event: EventRecord; partition: { key: string } }[],
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

/** A record in Lambda's event. */
export interface EventRecord {
  topic: string
  partition: number
  offset: number
  timestamp: number
  timestampType: 'CREATE_TIME' | 'LOG_APPEND_TIME'
  /** Base64. */
  key?: string
  /** Base64. */
  value: string | null
  headers: Record<string, number[]>[]
}

const LOG_APPEND_TIME = 1 << 3

/** https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html#smaa-sample-event */
export function toEventRecord(
  { key, value, headers, offsetDelta, timestampDelta }: KafkaRecord,
  { attributes, firstOffset, firstTimestamp, maxTimestamp }: Omit<RecordsBatch, 'records'>,
  { topic, index }: { topic: string; index: number },
): EventRecord {
  const isAppendTime = (attributes & LOG_APPEND_TIME) !== 0
  return {
    topic,
    partition: index,
    offset: Number(firstOffset) + offsetDelta,
    timestamp: Number(isAppendTime ? maxTimestamp : firstTimestamp + timestampDelta),
    timestampType: isAppendTime ? 'LOG_APPEND_TIME' : 'CREATE_TIME',
    ...(key && { key: key.toString('base64') }),
    value: value?.toString('base64') ?? null,
    headers: headers.map(([name, bytes]) => ({ [String(name)]: toSignedBytes(bytes) })),
  }
}

/** Lambda delivers headers as signed bytes, as in Java. */
function toSignedBytes(bytes: Buffer | null): number[] {
  return bytes ? [...new Int8Array(bytes)] : []
}

/** A record and its form in the event. */
export interface ReadRecord {
  offset: number
  /** Unix time in milliseconds. */
  timestamp: number
  event: EventRecord
  /** Size of the record in the event's JSON. */
  payloadBytes: number
}

const CONTROL_BATCH = 1 << 5

/** Returns the records from `firstOffset` on. A fetch returns the whole first batch, including earlier records. */
export function readRecords(
  batches: RecordsBatch[],
  place: { topic: string; index: number },
  firstOffset: number,
): ReadRecord[] {
  return batches
    .filter(({ attributes }) => (attributes & CONTROL_BATCH) === 0)
    .flatMap((batch) => batch.records.map((record) => toEventRecord(record, batch, place)))
    .filter(({ offset }) => offset >= firstOffset)
    .map((event) => ({
      offset: event.offset,
      timestamp: event.timestamp,
      event,
      payloadBytes: Buffer.byteLength(JSON.stringify(event)) + 1,
    }))
}
