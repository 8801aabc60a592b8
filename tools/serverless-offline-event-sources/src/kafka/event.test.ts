import { expect, test } from '@jest/globals'
import { toEventRecord } from './event.ts'

const record = {
  length: 0,
  attributes: 0,
  key: null,
  value: Buffer.alloc(0),
  headers: [[Buffer.from('empty'), null] as [Buffer, null]],
  offsetDelta: 2,
  timestampDelta: 5n,
}
const batch = {
  length: 0,
  partitionLeaderEpoch: 0,
  magic: 2,
  crc: 0,
  attributes: 0,
  lastOffsetDelta: 2,
  firstOffset: 40n,
  firstTimestamp: 1_000n,
  maxTimestamp: 2_000n,
  producerId: -1n,
  producerEpoch: -1,
  firstSequence: -1,
}
const place = { topic: 'images', index: 1 }

test('offset and timestamp are relative to the batch; an empty value is not null', () => {
  expect(toEventRecord(record, batch, place)).toEqual({
    topic: 'images',
    partition: 1,
    offset: 42,
    timestamp: 1_005,
    timestampType: 'CREATE_TIME',
    value: '',
    headers: [{ empty: [] }],
  })
})

test('LogAppendTime is the same for the whole batch', () => {
  expect(toEventRecord(record, { ...batch, attributes: 1 << 3 }, place)).toMatchObject({
    timestamp: 2_000,
    timestampType: 'LOG_APPEND_TIME',
  })
})
