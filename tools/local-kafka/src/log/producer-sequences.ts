import { KafkaError } from '../wire/error-codes.ts'
import type { RecordBatch } from './record-batch.ts'

/** A producer has at most five requests under way, so no older batch can come again. */
const REMEMBERED = 5

/** What idempotent producers have written to one partition, to tell a repeated batch from a new one. */
export class ProducerSequences {
  readonly #written = new Map<number, RecordBatch[]>()

  /** The batch that this one repeats, if it does; throws if batches before it are missing. */
  findRepeated(batch: RecordBatch): RecordBatch | undefined {
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

  remember(batch: RecordBatch): void {
    if (batch.producerId < 0) return
    const { bytes: _, ...header } = batch
    const known = this.#written.get(batch.producerId) ?? []
    this.#written.set(
      batch.producerId,
      [...known, { ...header, bytes: Buffer.alloc(0) }]
        .filter(({ producerEpoch }) => producerEpoch === batch.producerEpoch)
        .slice(-REMEMBERED),
    )
  }
}
