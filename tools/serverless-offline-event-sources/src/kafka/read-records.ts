import type { RecordsBatch } from '@platformatic/kafka'
import { type EventRecord, toEventRecord } from './event-record.ts'

/** A record, ready for an event. */
export type ReadRecord = {
  offset: number
  /** In milliseconds. */
  timestamp: number
  event: EventRecord
  /** Of the record in the event's JSON. */
  payloadBytes: number
}

const CONTROL_BATCH = 1 << 5

/** The records from `firstOffset` on: a fetch begins with the whole batch that holds it. */
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
