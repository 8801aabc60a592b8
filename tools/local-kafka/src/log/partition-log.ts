import { KafkaError } from '../wire/error-codes.ts'
import { type BatchStore, MemoryStore, type StoredBatch } from './batch-store.ts'
import { assignOffset, type BatchHeader } from './record-batch.ts'

export interface LogLimits {
  /** Maximum size of a record batch. */
  maxMessageBytes: number
  /** Maximum size of a partition. The oldest batches are deleted first. */
  retentionBytes: number
}

/** Kafka's `message.timestamp.type`: whether a record has its producer's time or the broker's. */
export type TimestampType = 'CreateTime' | 'LogAppendTime'

/** The records of a partition: headers of its batches in memory, the rest in a store. */
export class PartitionLog {
  readonly timestampType: TimestampType
  readonly #limits: LogLimits
  readonly #store: BatchStore
  readonly #batches: StoredBatch[]
  readonly #sequences = new ProducerSequences()
  readonly #waiting = new Set<() => void>()
  #bytes = 0
  #endOffset = 0

  constructor(
    limits: LogLimits,
    timestampType: TimestampType = 'CreateTime',
    store: BatchStore = new MemoryStore(),
  ) {
    this.#limits = limits
    this.timestampType = timestampType
    this.#store = store
    const { batches, endOffset } = store.load()
    this.#batches = batches
    this.#endOffset = endOffset
    for (const batch of batches) {
      this.#sequences.remember(batch)
      this.#bytes += batch.length
    }
    this.#removeOldest()
  }

  get startOffset(): number {
    return this.#batches[0]?.baseOffset ?? this.#endOffset
  }

  /** The offset of the next record. */
  get endOffset(): number {
    return this.#endOffset
  }

  /** Returns the offset of the batch's first record. A repeated batch keeps its first offset. */
  append(produced: Buffer, nowMs = Date.now()): number {
    if (produced.length > this.#limits.maxMessageBytes) throw new KafkaError('MESSAGE_TOO_LARGE')
    const appendTimeMs = this.timestampType === 'LogAppendTime' ? nowMs : undefined
    const batch = assignOffset(produced, this.#endOffset, appendTimeMs)
    const repeated = this.#sequences.findRepeated(batch)
    if (repeated) return repeated.baseOffset
    this.#batches.push(this.#store.append(batch))
    this.#sequences.remember(batch)
    this.#bytes += batch.bytes.length
    this.#endOffset = batch.lastOffset + 1
    this.#removeOldest()
    for (const wake of this.#waiting) wake()
    return batch.baseOffset
  }

  /** Returns whole batches, starting with the one that contains `offset`; at least one, even if it exceeds `maxBytes`. */
  read(offset: number, maxBytes: number): Buffer[] {
    if (offset < this.startOffset || offset > this.#endOffset) throw new KafkaError('OFFSET_OUT_OF_RANGE')
    const found: Buffer[] = []
    let bytesLeft = maxBytes
    for (let at = this.#indexOf(offset); at < this.#batches.length; at++) {
      const batch = this.#batches[at] as StoredBatch
      if (found.length > 0 && batch.length > bytesLeft) break
      found.push(batch.read())
      bytesLeft -= batch.length
    }
    return found
  }

  /** The first batch that contains a record of this time or later. */
  findByTimestamp(timestamp: number): BatchHeader | undefined {
    return this.#batches.find(({ maxTimestamp }) => maxTimestamp >= timestamp)
  }

  get latest(): BatchHeader | undefined {
    return this.#batches.reduce<BatchHeader | undefined>(
      (latest, batch) => (latest && latest.maxTimestamp > batch.maxTimestamp ? latest : batch),
      undefined,
    )
  }

  close(): void {
    this.#store.close()
  }

  onAppend(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }

  #indexOf(offset: number): number {
    let [low, high] = [0, this.#batches.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#batches[middle] as StoredBatch).lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #removeOldest(): void {
    while (this.#bytes > this.#limits.retentionBytes && this.#batches.length > 1) {
      this.#bytes -= this.#batches.shift()?.length ?? 0
    }
    this.#store.deleteBefore(this.startOffset)
  }
}

/** Idempotent producers have at most five requests in flight, so no older batch can be repeated. */
const MAX_REMEMBERED_BATCHES = 5

/** Recent batches of idempotent producers in a partition, to detect repeated ones. */
class ProducerSequences {
  readonly #written = new Map<number, BatchHeader[]>()

  /** Returns the earlier copy of a repeated batch. Throws if batches are missing before this one. */
  findRepeated(batch: BatchHeader): BatchHeader | undefined {
    if (batch.producerId < 0) return undefined
    const known = this.#written.get(batch.producerId) ?? []
    const last = known.at(-1)
    if (!last || last.producerEpoch !== batch.producerEpoch) return undefined
    const repeated = known.find(({ baseSequence }) => baseSequence === batch.baseSequence)
    if (repeated) return repeated
    const expected = (last.baseSequence + last.lastOffset - last.baseOffset + 1) % 2 ** 31
    if (batch.baseSequence !== expected) throw new KafkaError('OUT_OF_ORDER_SEQUENCE_NUMBER')
    return undefined
  }

  remember({
    baseOffset,
    lastOffset,
    maxTimestamp,
    producerId,
    producerEpoch,
    baseSequence,
  }: BatchHeader): void {
    if (producerId < 0) return
    // Without the bytes, which the caller's object has.
    const header = { baseOffset, lastOffset, maxTimestamp, producerId, producerEpoch, baseSequence }
    const known = this.#written.get(producerId) ?? []
    this.#written.set(
      producerId,
      [...known, header]
        .filter((earlier) => earlier.producerEpoch === producerEpoch)
        .slice(-MAX_REMEMBERED_BATCHES),
    )
  }
}
