import { crc32c } from '@platformatic/kafka'
import { KafkaError } from '../wire/error-codes.ts'

/*
  RecordBatch =>
    baseOffset INT64, batchLength INT32, partitionLeaderEpoch INT32, magic INT8, crc UINT32,
    attributes INT16, lastOffsetDelta INT32, baseTimestamp INT64, maxTimestamp INT64,
    producerId INT64, producerEpoch INT16, baseSequence INT32, recordCount INT32, records
  https://kafka.apache.org/documentation/#recordbatch

  The crc covers only the fields after it, so a broker can set the offset without reading the records, which may be
  compressed. With LogAppendTime it sets a bit of the attributes and maxTimestamp, which is then the time of all records.
*/
const BASE_OFFSET = 0
const BATCH_LENGTH = 8
const PARTITION_LEADER_EPOCH = 12
const MAGIC = 16
const CRC = 17
const ATTRIBUTES = 21
const LOG_APPEND_TIME = 1 << 3
const LAST_OFFSET_DELTA = 23
const MAX_TIMESTAMP = 35
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const BASE_SEQUENCE = 53

export const HEADER_BYTES = 61

export interface BatchHeader {
  baseOffset: number
  lastOffset: number
  maxTimestamp: number
  producerId: number
  producerEpoch: number
  baseSequence: number
}

export interface RecordBatch extends BatchHeader {
  bytes: Buffer
}

/**
 * Copies a producer's batch and sets its base offset, and its time unless the producer's is kept. A copy, because requests
 * share a buffer.
 */
export function assignOffset(produced: Buffer, baseOffset: number, appendTimeMs?: number): RecordBatch {
  if (produced.length < HEADER_BYTES || produced.length !== sizeOfBatch(produced)) {
    throw new KafkaError('CORRUPT_MESSAGE')
  }
  if (produced.readInt8(MAGIC) !== 2) throw new KafkaError('UNSUPPORTED_FOR_MESSAGE_FORMAT')
  if (!hasRightChecksum(produced)) throw new KafkaError('CORRUPT_MESSAGE')
  const bytes = Buffer.from(produced)
  bytes.writeBigInt64BE(BigInt(baseOffset), BASE_OFFSET)
  bytes.writeInt32BE(0, PARTITION_LEADER_EPOCH)
  if (appendTimeMs !== undefined) stamp(bytes, appendTimeMs)
  return { bytes, ...readHeader(bytes) }
}

/** `bytes` start with the batch's header. */
export function readHeader(bytes: Buffer): BatchHeader {
  const baseOffset = Number(bytes.readBigInt64BE(BASE_OFFSET))
  return {
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(LAST_OFFSET_DELTA),
    maxTimestamp: Number(bytes.readBigInt64BE(MAX_TIMESTAMP)),
    producerId: Number(bytes.readBigInt64BE(PRODUCER_ID)),
    producerEpoch: bytes.readInt16BE(PRODUCER_EPOCH),
    baseSequence: bytes.readInt32BE(BASE_SEQUENCE),
  }
}

/** The size of a whole batch, which its header contains. */
export function sizeOfBatch(bytes: Buffer): number {
  return bytes.readInt32BE(BATCH_LENGTH) + PARTITION_LEADER_EPOCH
}

export function hasRightChecksum(batch: Buffer): boolean {
  return batch.readUInt32BE(CRC) === checksumOf(batch)
}

function checksumOf(batch: Buffer): number {
  return crc32c(batch.subarray(ATTRIBUTES)) >>> 0
}

function stamp(bytes: Buffer, appendTimeMs: number): void {
  bytes.writeInt16BE(bytes.readInt16BE(ATTRIBUTES) | LOG_APPEND_TIME, ATTRIBUTES)
  bytes.writeBigInt64BE(BigInt(appendTimeMs), MAX_TIMESTAMP)
  bytes.writeUInt32BE(checksumOf(bytes), CRC)
}
