import { randomUUID } from 'node:crypto'
import { ConsumerGroup } from './groups/consumer-group.ts'
import type { LogLimits, TimestampType } from './log/partition-log.ts'
import { Topics } from './log/topics.ts'

/** State of the cluster's only broker. */
export class Broker {
  readonly nodeId = 1
  readonly clusterId = randomUUID()
  readonly host = '127.0.0.1'
  /** Set once the server listens. */
  port = 0
  readonly topics: Topics
  /** Aborted on close, which ends pending fetches. */
  readonly closing = new AbortController()
  readonly #groups = new Map<string, ConsumerGroup>()
  #nextProducerId = 1

  constructor(partitions: number, limits: LogLimits, timestampType: TimestampType) {
    this.topics = new Topics(partitions, limits, timestampType)
  }

  group(groupId: string): ConsumerGroup {
    const group = this.#groups.get(groupId) ?? new ConsumerGroup()
    this.#groups.set(groupId, group)
    return group
  }

  newProducerId(): number {
    return this.#nextProducerId++
  }

  close(): void {
    this.closing.abort()
    for (const group of this.#groups.values()) group.close()
  }
}
