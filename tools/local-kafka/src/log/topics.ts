import { randomBytes } from 'node:crypto'
import type { BrokerState, TopicSettings } from '../storage/broker-state.ts'
import { KafkaError } from '../wire/error-codes.ts'
import type { BatchStore } from './batch-store.ts'
import { type LogLimits, PartitionLog, type TimestampType } from './partition-log.ts'

export interface Topic {
  name: string
  id: string
  partitions: PartitionLog[]
}

export interface TopicDefaults {
  partitions: number
  timestampType: TimestampType
  limits: LogLimits
}

/** Where a partition's batches are kept. */
export type OpenStore = (topic: string, partition: number) => BatchStore

export class Topics {
  readonly defaults: TopicDefaults
  readonly #state: BrokerState
  readonly #openStore: OpenStore
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()

  constructor(defaults: TopicDefaults, state: BrokerState, openStore: OpenStore) {
    this.defaults = defaults
    this.#state = state
    this.#openStore = openStore
    for (const settings of state.topics()) this.#open(settings)
  }

  all(): Topic[] {
    return [...this.#byName.values()]
  }

  find(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  findById(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  create(
    name: string,
    partitions = this.defaults.partitions,
    timestampType = this.defaults.timestampType,
  ): Topic {
    if (this.#byName.has(name)) throw new KafkaError('TOPIC_ALREADY_EXISTS')
    if (!/^(?!\.{1,2}$)[\w.-]{1,249}$/.test(name)) throw new KafkaError('INVALID_TOPIC_EXCEPTION')
    if (!Number.isInteger(partitions) || partitions < 1) throw new KafkaError('INVALID_PARTITIONS')
    const settings = { name, id: randomBytes(16).toString('hex'), partitions, timestampType }
    this.#state.addTopic(settings)
    return this.#open(settings)
  }

  partition(topic: Topic | undefined, index: number): PartitionLog {
    const partition = topic?.partitions[index]
    if (!partition) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
    return partition
  }

  close(): void {
    for (const { partitions } of this.all()) for (const log of partitions) log.close()
  }

  #open({ name, id, partitions, timestampType }: TopicSettings): Topic {
    const logs = Array.from(
      { length: partitions },
      (_, index) => new PartitionLog(this.defaults.limits, timestampType, this.#openStore(name, index)),
    )
    const topic = { name, id, partitions: logs }
    this.#byName.set(name, topic)
    this.#byId.set(id, topic)
    return topic
  }
}
