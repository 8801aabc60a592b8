import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ConsumerGroup } from './groups/consumer-group.ts'
import { MemoryStore } from './log/batch-store.ts'
import { SegmentStore } from './log/segment-store.ts'
import { type OpenStore, type TopicDefaults, Topics } from './log/topics.ts'
import { BrokerState } from './storage/broker-state.ts'

const MAX_SEGMENT_BYTES = 16 * 1024 * 1024

export interface BrokerStorage {
  /** Folder for records and state. Without it all is in memory. */
  dataDir: string | undefined
  /** Called with one sentence if records were cut off or cannot be written. */
  onProblem: (message: string) => void
}

/** State of the cluster's only broker. */
export class Broker {
  readonly nodeId = 1
  readonly host = '127.0.0.1'
  /** Set once the server listens. */
  port = 0
  readonly state: BrokerState
  readonly topics: Topics
  /** Aborted on close, which ends pending fetches. */
  readonly closing = new AbortController()
  readonly #groups = new Map<string, ConsumerGroup>()

  constructor(defaults: TopicDefaults, { dataDir, onProblem }: BrokerStorage) {
    if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true })
    this.state = openState(dataDir)
    const segmentBytes = Math.min(MAX_SEGMENT_BYTES, defaults.limits.retentionBytes / 4)
    const openStore: OpenStore = (topic, partition) =>
      dataDir === undefined
        ? new MemoryStore()
        : new SegmentStore(join(dataDir, `${topic}-${partition}`), segmentBytes, onProblem)
    this.topics = new Topics(defaults, this.state, openStore)
  }

  group(groupId: string): ConsumerGroup {
    const group = this.#groups.get(groupId) ?? new ConsumerGroup()
    this.#groups.set(groupId, group)
    return group
  }

  close(): void {
    this.closing.abort()
    for (const group of this.#groups.values()) group.close()
    this.topics.close()
    this.state.close()
  }
}

function openState(dataDir: string | undefined): BrokerState {
  if (dataDir === undefined) return new BrokerState(':memory:')
  try {
    return new BrokerState(join(dataDir, 'broker.db'))
  } catch (cause) {
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) throw cause
    throw new Error(`Another process uses ${dataDir} for Kafka. Stop it, or choose another folder.`, {
      cause,
    })
  }
}

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5
