import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import type { TimestampType } from '../log/partition-log.ts'

export interface TopicSettings {
  name: string
  id: string
  partitions: number
  timestampType: TimestampType
}

/** A consumer group's position in a partition. */
export interface Committed {
  offset: number
  leaderEpoch: number
  metadata: string | null
}

const SCHEMA = `
  PRAGMA locking_mode = EXCLUSIVE; -- one broker per folder
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL; -- safe against a killed process, not against a power cut
  CREATE TABLE IF NOT EXISTS cluster (id TEXT NOT NULL, nextProducerId INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY, id TEXT NOT NULL, partitions INTEGER NOT NULL, timestampType TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS offsets (
    groupId TEXT, topic TEXT, partition INTEGER, "offset" INTEGER NOT NULL, leaderEpoch INTEGER NOT NULL, metadata TEXT,
    PRIMARY KEY (groupId, topic, partition))`

/** What the broker knows besides records: its id, topics, committed offsets and producer ids. */
export class BrokerState {
  readonly clusterId: string
  readonly #database: DatabaseSync

  /** @param path of the SQLite file, or `:memory:` */
  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec(SCHEMA)
    this.#database
      .prepare('INSERT INTO cluster SELECT ?, 1 WHERE NOT EXISTS (SELECT * FROM cluster)')
      .run(randomUUID())
    this.clusterId = String(this.#database.prepare('SELECT id FROM cluster').get()?.id)
  }

  /** Ids are never issued twice, so that a new producer's batches are not taken for repeated ones. */
  newProducerId(): number {
    const sql = 'UPDATE cluster SET nextProducerId = nextProducerId + 1 RETURNING nextProducerId - 1 AS id'
    return Number(this.#database.prepare(sql).get()?.id)
  }

  topics(): TopicSettings[] {
    return this.#database.prepare('SELECT * FROM topics ORDER BY rowid').all() as unknown as TopicSettings[]
  }

  addTopic({ name, id, partitions, timestampType }: TopicSettings): void {
    this.#database.prepare('INSERT INTO topics VALUES (?, ?, ?, ?)').run(name, id, partitions, timestampType)
  }

  commit(groupId: string, topic: string, partition: number, committed: Committed): void {
    const { offset, leaderEpoch, metadata } = committed
    this.#database
      .prepare('INSERT OR REPLACE INTO offsets VALUES (?, ?, ?, ?, ?, ?)')
      .run(groupId, topic, partition, offset, leaderEpoch, metadata)
  }

  /** The group's offsets by topic, then by partition. */
  committed(groupId: string): Map<string, Map<number, Committed>> {
    const found = new Map<string, Map<number, Committed>>()
    const rows = this.#database.prepare('SELECT * FROM offsets WHERE groupId = ?').all(groupId)
    for (const { topic, partition, offset, leaderEpoch, metadata } of rows) {
      const partitions = found.get(String(topic)) ?? new Map<number, Committed>()
      partitions.set(Number(partition), {
        offset: Number(offset),
        leaderEpoch: Number(leaderEpoch),
        metadata: metadata === null ? null : String(metadata),
      })
      found.set(String(topic), partitions)
    }
    return found
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }
}
