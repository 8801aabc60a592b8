import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { crc32c } from '@platformatic/kafka'
import { PartitionLog } from './partition-log.ts'
import { SegmentStore } from './segment-store.ts'

const HEADER = 61

interface Produced {
  records?: number
  bytes?: number
  producerId?: number
  sequence?: number
  timestamp?: number
  magic?: number
}

/** A batch as a producer sends it. The log does not read its records. */
function produced({
  records = 1,
  bytes = 10,
  producerId = -1,
  sequence = -1,
  timestamp = 0,
  magic = 2,
}: Produced) {
  const batch = Buffer.alloc(HEADER + bytes)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt8(magic, 16)
  batch.writeInt32BE(records - 1, 23)
  batch.writeBigInt64BE(BigInt(timestamp), 35)
  batch.writeBigInt64BE(BigInt(producerId), 43)
  batch.writeInt32BE(sequence, 53)
  batch.writeUInt32BE(crc32c(batch.subarray(21)) >>> 0, 17)
  return batch
}

const newLog = (limits = {}) => new PartitionLog({ maxMessageBytes: 1_000, retentionBytes: 1_000, ...limits })
const baseOffsets = (batches: Buffer[]) => batches.map((batch) => Number(batch.readBigInt64BE(0)))

test('assigns offsets and reads whole batches from any offset', () => {
  const log = newLog()
  for (const records of [3, 2, 1]) log.append(produced({ records }))
  expect(log.endOffset).toBe(6)
  expect(baseOffsets(log.read(1, 1_000))).toEqual([0, 3, 5])
  expect(baseOffsets(log.read(4, 1))).toEqual([3])
  expect(log.read(6, 1_000)).toEqual([])
  expect(() => log.read(7, 1_000)).toThrow('OFFSET_OUT_OF_RANGE')
})

test('stores a repeated batch of an idempotent producer once and rejects one out of order', () => {
  const log = newLog()
  const first = produced({ producerId: 1, sequence: 0, records: 2 })
  expect([log.append(first), log.append(first)]).toEqual([0, 0])
  expect(log.append(produced({ producerId: 1, sequence: 2 }))).toBe(2)
  expect(() => log.append(produced({ producerId: 1, sequence: 4 }))).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER')
  expect(log.append(produced({ producerId: 2, sequence: 0 }))).toBe(3)
})

test('knows the batches of idempotent producers after a restart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'partition-log-'))
  const open = () => {
    const store = new SegmentStore(folder, 100, (message) => expect(message).toBe(undefined))
    return {
      store,
      log: new PartitionLog({ maxMessageBytes: 1_000, retentionBytes: 1_000 }, undefined, store),
    }
  }
  const first = open()
  const batch = produced({ producerId: 1, sequence: 0, records: 2 })
  first.log.append(batch)
  first.store.close()
  const { store, log } = open()
  expect(log.append(batch)).toBe(0)
  expect(() => log.append(produced({ producerId: 1, sequence: 4 }))).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER')
  expect(log.append(produced({ producerId: 1, sequence: 2 }))).toBe(2)
  store.close()
  rmSync(folder, { recursive: true })
})

test('deletes the oldest batches over the limit, but never the last one', () => {
  const log = newLog({ retentionBytes: 150 })
  for (let i = 0; i < 5; i++) log.append(produced({}))
  expect([log.startOffset, log.endOffset]).toEqual([3, 5])
  log.append(produced({ bytes: 500 }))
  expect([log.startOffset, log.endOffset]).toEqual([5, 6])
  expect(() => log.read(4, 1_000)).toThrow('OFFSET_OUT_OF_RANGE')
})

test('finds a batch by timestamp', () => {
  const log = newLog()
  for (const timestamp of [10, 30, 20]) log.append(produced({ timestamp }))
  expect(log.findByTimestamp(11)?.baseOffset).toBe(1)
  expect(log.findByTimestamp(31)).toBeUndefined()
  expect(log.latest?.maxTimestamp).toBe(30)
})

test('with LogAppendTime a batch has the time of the broker instead of its producer', () => {
  const log = new PartitionLog({ maxMessageBytes: 1_000, retentionBytes: 1_000 }, 'LogAppendTime')
  log.append(produced({ timestamp: 10 }), 700)
  const [batch] = log.read(0, 1_000)
  expect(batch?.readInt16BE(21)).toBe(1 << 3)
  expect(Number(batch?.readBigInt64BE(35))).toBe(700)
  expect(log.findByTimestamp(700)?.baseOffset).toBe(0)
  expect(log.findByTimestamp(701)).toBeUndefined()
})

test.each([
  ['too large', produced({ bytes: 1_000 }), 'MESSAGE_TOO_LARGE'],
  ['of an older format', produced({ magic: 1 }), 'UNSUPPORTED_FOR_MESSAGE_FORMAT'],
  ['cut off', produced({}).subarray(0, 65), 'CORRUPT_MESSAGE'],
  ['damaged', produced({}).fill(1, 65), 'CORRUPT_MESSAGE'],
  ['empty', Buffer.alloc(0), 'CORRUPT_MESSAGE'],
])('refuses a batch that is %s', (_, batch, error) => {
  expect(() => newLog().append(batch)).toThrow(error)
})
