import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { KafkaError } from '../wire/error-codes.ts'
import type { BatchStore, StoredBatch } from './batch-store.ts'
import {
  type BatchHeader,
  HEADER_BYTES,
  hasRightChecksum,
  type RecordBatch,
  readHeader,
  sizeOfBatch,
} from './record-batch.ts'
import { SegmentFile } from './segment-file.ts'

interface Segment {
  file: SegmentFile
  baseOffset: number
}

interface BatchInFile extends StoredBatch {
  /** Position in the segment at which the next batch starts. */
  end: number
}

/**
 * The batches of a partition as Kafka stores them: one after another in append-only segment files, each named for the
 * offset of its first record. A batch is written before it is acknowledged, so it survives the end of the process, also by
 * `kill -9`. It is not synced to the disk (as in Kafka by default): a power failure may lose the last ones.
 *
 * A write that a killed process did not finish leaves a torn batch at the end of the last segment. Its checksum or length
 * is wrong, so the next start cuts it off; it was never acknowledged.
 */
export class SegmentStore implements BatchStore {
  readonly #folder: string
  readonly #onProblem: (message: string) => void
  readonly #segmentBytes: number
  #segments: Segment[] = []

  /**
   * @param segmentBytes size at which the next segment is started. A larger one keeps deleted records on disk for longer and
   *   takes longer to check at the start
   * @param onProblem called with one sentence if batches were cut off or cannot be written
   */
  constructor(folder: string, segmentBytes: number, onProblem: (message: string) => void) {
    this.#folder = folder
    this.#segmentBytes = segmentBytes
    this.#onProblem = onProblem
    mkdirSync(folder, { recursive: true })
  }

  load() {
    const batches: BatchInFile[] = []
    const names = readdirSync(this.#folder).filter((name) => /^\d{20}\.log$/.test(name))
    let endOffset = Number.parseInt(names.sort()[0] ?? '0', 10)
    for (const [index, name] of names.entries()) {
      const segment = {
        file: new SegmentFile(join(this.#folder, name)),
        baseOffset: Number.parseInt(name, 10),
      }
      this.#segments.push(segment)
      const isLast = index === names.length - 1
      for (const batch of readBatches(segment.file, endOffset, isLast)) {
        batches.push(batch)
        endOffset = batch.lastOffset + 1
      }
      if (this.#cutOff(segment, batches.at(-1), names.slice(index + 1))) break
    }
    return { batches, endOffset }
  }

  append({ bytes, ...header }: RecordBatch): StoredBatch {
    const { file } = this.#writable(header.baseOffset)
    try {
      return inFile(file, header, file.append(bytes), bytes.length)
    } catch (cause) {
      this.#onProblem(`Kafka could not write to ${file.path}: ${(cause as Error).message}.`)
      throw new KafkaError('KAFKA_STORAGE_ERROR')
    }
  }

  deleteBefore(offset: number): void {
    while ((this.#segments[1]?.baseOffset ?? Number.POSITIVE_INFINITY) <= offset) {
      this.#segments.shift()?.file.delete()
    }
  }

  close(): void {
    for (const { file } of this.#segments) file.close()
  }

  #writable(baseOffset: number): Segment {
    const current = this.#segments.at(-1)
    if (current && current.file.size < this.#segmentBytes) return current
    const name = `${String(baseOffset).padStart(20, '0')}.log`
    const segment = { file: new SegmentFile(join(this.#folder, name)), baseOffset }
    this.#segments.push(segment)
    return segment
  }

  /** Cuts off what follows the last sound batch, later segments included. Returns whether there was something. */
  #cutOff({ file, baseOffset }: Segment, last: BatchInFile | undefined, later: string[]): boolean {
    const end = last && last.baseOffset >= baseOffset ? last.end : 0
    const excess = file.size - end
    if (excess === 0) return false
    file.truncate(end)
    for (const name of later) rmSync(join(this.#folder, name))
    const andLater = later.length > 0 ? `, and all ${later.length} later segments` : ''
    this.#onProblem(
      `Kafka cut off an unfinished or damaged batch in ${file.path}: its last ${excess} bytes${andLater}.`,
    )
    return true
  }
}

/** The sound batches of a segment, whose first one must have the offset `next`. */
function* readBatches(file: SegmentFile, next: number, checksBytes: boolean): Generator<BatchInFile> {
  let position = 0
  let expected = next
  while (position + HEADER_BYTES <= file.size) {
    const head = file.read(position, HEADER_BYTES)
    const length = sizeOfBatch(head)
    const header = readHeader(head)
    if (header.baseOffset !== expected || length < HEADER_BYTES || position + length > file.size) return
    if (checksBytes && !hasRightChecksum(file.read(position, length))) return
    yield inFile(file, header, position, length)
    position += length
    expected = header.lastOffset + 1
  }
}

function inFile(file: SegmentFile, header: BatchHeader, position: number, length: number): BatchInFile {
  return { ...header, length, end: position + length, read: () => file.read(position, length) }
}
