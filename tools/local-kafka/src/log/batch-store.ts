import type { BatchHeader, RecordBatch } from './record-batch.ts'

export interface StoredBatch extends BatchHeader {
  /** In bytes. */
  length: number
  read(): Buffer
}

/** Keeps the batches of one partition. */
export interface BatchStore {
  /** What an earlier run stored, oldest first, and the offset of the next record. */
  load(): { batches: StoredBatch[]; endOffset: number }
  /** @throws KafkaError `KAFKA_STORAGE_ERROR` if the batch cannot be stored; then nothing of it is */
  append(batch: RecordBatch): StoredBatch
  /** May delete batches whose records are all before `offset`. */
  deleteBefore(offset: number): void
  close(): void
}

export class MemoryStore implements BatchStore {
  load() {
    return { batches: [], endOffset: 0 }
  }

  append({ bytes, ...header }: RecordBatch): StoredBatch {
    return { ...header, length: bytes.length, read: () => bytes }
  }

  deleteBefore(): void {
    // The log drops the only reference.
  }

  close(): void {}
}
