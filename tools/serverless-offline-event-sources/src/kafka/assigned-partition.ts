import type { RecordsBatch } from '@platformatic/kafka'
import { type ReadRecord, readRecords } from './event.ts'

/** Two full events: one that runs and one that is fetched meanwhile. */
const MAX_BUFFER_BYTES = 12 * 1024 * 1024

/** A fetched record with its partition. */
export type FetchedRecord = ReadRecord & { partition: AssignedPartition }

type Commit = (partition: AssignedPartition, offset: number) => Promise<void>

/** A partition that is assigned to this member, with its prefetched records. */
export class AssignedPartition {
  readonly topic: string
  readonly index: number
  /** `topic-partition`, as in events and item identifiers. */
  readonly key: string
  /** The next offset to fetch. */
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

  /** Aborted once another member may own the partition. Nothing is committed after that. */
  get revoked(): AbortSignal {
    return this.#revoking.signal
  }

  get records(): readonly FetchedRecord[] {
    return this.#records
  }

  /** Turn number of the last batch, for round robin. */
  get turn(): number {
    return this.#turn
  }

  hasRoom(batchSize: number): boolean {
    return this.#bytes < MAX_BUFFER_BYTES && this.#records.length < 2 * batchSize
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

  /** Resolves when the offset is committed or the partition is revoked. */
  commit(offset: number): Promise<void> {
    return this.#commit(this, offset)
  }

  revoke(): void {
    this.#revoking.abort()
    this.#records = []
  }
}
