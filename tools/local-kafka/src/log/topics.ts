import { randomBytes } from 'node:crypto'
import { KafkaError } from '../wire/error-codes.ts'
import { type LogLimits, PartitionLog, type TimestampType } from './partition-log.ts'

export interface Topic {
  name: string
  id: string
  partitions: PartitionLog[]
}

export class Topics {
  readonly #limits: LogLimits
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  readonly defaultPartitions: number
  readonly defaultTimestampType: TimestampType

  constructor(defaultPartitions: number, limits: LogLimits, defaultTimestampType: TimestampType) {
    this.defaultPartitions = defaultPartitions
    this.defaultTimestampType = defaultTimestampType
    this.#limits = limits
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
    partitions = this.defaultPartitions,
    timestampType = this.defaultTimestampType,
  ): Topic {
    if (this.#byName.has(name)) throw new KafkaError('TOPIC_ALREADY_EXISTS')
    if (!/^(?!\.{1,2}$)[\w.-]{1,249}$/.test(name)) throw new KafkaError('INVALID_TOPIC_EXCEPTION')
    if (!Number.isInteger(partitions) || partitions < 1) throw new KafkaError('INVALID_PARTITIONS')
    const logs = Array.from({ length: partitions }, () => new PartitionLog(this.#limits, timestampType))
    const topic = { name, id: randomBytes(16).toString('hex'), partitions: logs }
    this.#byName.set(name, topic)
    this.#byId.set(topic.id, topic)
    return topic
  }

  partition(topic: Topic | undefined, index: number): PartitionLog {
    const partition = topic?.partitions[index]
    if (!partition) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
    return partition
  }
}
