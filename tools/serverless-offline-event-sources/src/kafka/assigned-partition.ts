import type { RecordsBatch } from '@platformatic/kafka'
import { type ReadRecord, readRecords } from './read-records.ts'

/** Two full events are enough to fetch the next while one runs. */
const BUFFER_BYTES = 12 * 1024 * 1024

/** A record of a batch, or on its way into one. */
export type FetchedRecord = ReadRecord & { partition: AssignedPartition }

type Commit = (partition: AssignedPartition, offset: number) => Promise<void>

/** A partition for as long as it is ours, with the records that were fetched ahead. */
export class AssignedPartition {
  readonly topic: string
  readonly index: number
  /** As events and item identifiers name it. */
  readonly key: string
  /** To be fetched next. */
  nextOffset: number
  readonly #revoking = new AbortController()
  readonly #commit: Commit
  #records: FetchedRecord[] = []
  #bytes = 0
  #turn = 0

  constructor(topic: string, index: number, nextOffset: number, commit: Commit) {
    this.topic = topic
    this.index = index
    this.key = `${topic}-${index}`
    this.nextOffset = nextOffset
    this.#commit = commit
  }

  /** Aborted once somebody else may have it; nothing is committed after that. */
  get revoked(): AbortSignal {
    return this.#revoking.signal
  }

  get records(): readonly FetchedRecord[] {
    return this.#records
  }

  /** When it was last taken from, for everyone to have their turn. */
  get turn(): number {
    return this.#turn
  }

  hasRoom(batchSize: number): boolean {
    return this.#bytes < BUFFER_BYTES && this.#records.length < 2 * batchSize
  }

  accept(batches: RecordsBatch[]): void {
    const last = batches.at(-1)
    if (!last || this.revoked.aborted) return
    const records = readRecords(batches, this, this.nextOffset).map((record) => ({
      ...record,
      partition: this,
    }))
    this.#records.push(...records)
    this.#bytes += records.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0)
    this.nextOffset = Number(last.firstOffset) + last.lastOffsetDelta + 1
  }

  take(count: number, turn: number): FetchedRecord[] {
    const taken = this.#records.splice(0, count)
    this.#bytes -= taken.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0)
    this.#turn = turn
    return taken
  }

  /** Resolves when it is done, or the partition revoked: then it is somebody else's to do. */
  commit(offset: number): Promise<void> {
    return this.#commit(this, offset)
  }

  revoke(): void {
    this.#revoking.abort()
    this.#records = []
  }
}
