import { KafkaError } from '../wire/error-codes.ts'
import { ProducerSequences } from './producer-sequences.ts'
import { numberBatch, type RecordBatch } from './record-batch.ts'

export type LogLimits = {
  /** Of one batch of records, in bytes. */
  maxMessageBytes: number
  /** Of all batches of a partition, in bytes; the oldest go first. */
  retentionBytes: number
}

/** The records of one partition, in memory. */
export class PartitionLog {
  readonly #limits: LogLimits
  readonly #batches: RecordBatch[] = []
  readonly #sequences = new ProducerSequences()
  readonly #waiting = new Set<() => void>()
  #bytes = 0
  #endOffset = 0

  constructor(limits: LogLimits) {
    this.#limits = limits
  }

  get startOffset(): number {
    return this.#batches[0]?.baseOffset ?? this.#endOffset
  }

  /** The offset that the next record is given. */
  get endOffset(): number {
    return this.#endOffset
  }

  /** The offset of the batch's first record; that of its first copy if it has come before. */
  append(produced: Buffer): number {
    if (produced.length > this.#limits.maxMessageBytes) throw new KafkaError('MESSAGE_TOO_LARGE')
    const batch = numberBatch(produced, this.#endOffset)
    const repeated = this.#sequences.findRepeated(batch)
    if (repeated) return repeated.baseOffset
    this.#sequences.remember(batch)
    this.#batches.push(batch)
    this.#bytes += batch.bytes.length
    this.#endOffset = batch.lastOffset + 1
    this.#forgetOldest()
    for (const wake of this.#waiting) wake()
    return batch.baseOffset
  }

  /** Whole batches from the one that holds `offset`; at least one, even if that is more than `maxBytes`. */
  read(offset: number, maxBytes: number): Buffer[] {
    if (offset < this.startOffset || offset > this.#endOffset) throw new KafkaError('OFFSET_OUT_OF_RANGE')
    const found: Buffer[] = []
    let room = maxBytes
    for (let at = this.#indexOf(offset); at < this.#batches.length; at++) {
      const { bytes } = this.#batches[at] as RecordBatch
      if (found.length > 0 && bytes.length > room) break
      found.push(bytes)
      room -= bytes.length
    }
    return found
  }

  /** The first batch with a record of that time or later, to the batch and not to the record. */
  findByTimestamp(timestamp: number): RecordBatch | undefined {
    return this.#batches.find(({ maxTimestamp }) => maxTimestamp >= timestamp)
  }

  get latest(): RecordBatch | undefined {
    return this.#batches.reduce<RecordBatch | undefined>(
      (latest, batch) => (latest && latest.maxTimestamp > batch.maxTimestamp ? latest : batch),
      undefined,
    )
  }

  onAppend(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }

  #indexOf(offset: number): number {
    let [low, high] = [0, this.#batches.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#batches[middle] as RecordBatch).lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #forgetOldest(): void {
    while (this.#bytes > this.#limits.retentionBytes && this.#batches.length > 1) {
      this.#bytes -= this.#batches.shift()?.bytes.length ?? 0
    }
  }
}
