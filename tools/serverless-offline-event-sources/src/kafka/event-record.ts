import type { KafkaRecord, RecordsBatch } from '@platformatic/kafka'

/** A record as Lambda hands it to a function. */
export type EventRecord = {
  topic: string
  partition: number
  offset: number
  timestamp: number
  timestampType: 'CREATE_TIME' | 'LOG_APPEND_TIME'
  /** In base64. */
  key?: string
  /** In base64. */
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

/** Lambda's poller is written in Java, whose bytes have a sign. */
function toSignedBytes(bytes: Buffer | null): number[] {
  return bytes ? [...new Int8Array(bytes)] : []
}
