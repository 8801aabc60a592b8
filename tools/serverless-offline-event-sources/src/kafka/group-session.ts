import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaConnection } from '@darkroom/kafka-connection'
import {
  Consumer,
  type ConsumerGroupJoinPayload,
  type fetchV17,
  type GenericError,
} from '@platformatic/kafka'
import type { Notifier } from '../wait.ts'
import { settlesWithin } from '../wait.ts'
import { AssignedPartition } from './assigned-partition.ts'
import type { KafkaMapping } from './mapping.ts'
import { startOffsets } from './start-offsets.ts'

const TIMEOUTS = {
  sessionTimeout: 10_000,
  rebalanceTimeout: 10_000,
  heartbeatInterval: 1_000,
  requestTimeout: 15_000,
  connectTimeout: 5_000,
}
const FETCH = { minBytes: 1, maxBytes: 16 * 1024 * 1024, maxWaitTime: 500 }
const MAX_PARTITION_BYTES = 8 * 1024 * 1024
const COMMIT_RETRY_MS = 200
const MAX_LEAVE_SECONDS = 2
const OFFSET_OUT_OF_RANGE = 1

/**
 * One membership of a consumer group, from the join to the first error. On an error all partitions are given up and a
 * new session starts. The client's own retries are off, because they could commit for partitions that a rebalance has
 * assigned to another member.
 */
export class GroupSession {
  readonly #mapping: KafkaMapping
  readonly #changes: Notifier
  readonly #member: Consumer
  /** A second client with its own connections: brokers process a connection's requests in order, and fetches block. */
  readonly #fetcher: Consumer
  readonly #ended = Promise.withResolvers<unknown>()
  #partitions: AssignedPartition[] = []
  #assigning: Promise<void> = Promise.resolve()
  #memberId: string | null = null
  #generationId = -1
  #isOver = false
  #closing: Promise<void> | undefined

  private constructor(mapping: KafkaMapping, connection: KafkaConnection, changes: Notifier) {
    this.#mapping = mapping
    this.#changes = changes
    const options = {
      ...connection,
      ...TIMEOUTS,
      clientId: `serverless-offline-${mapping.topic}`,
      groupId: mapping.groupId,
      retries: 0,
    }
    this.#member = new Consumer(options)
    this.#fetcher = new Consumer(options)
    const isOver = (error: unknown) => this.#end(error)
    // The client's types lack some of its events.
    this.#member.on('error' as 'client:close', isOver as () => void)
    this.#fetcher.on('error' as 'client:close', isOver as () => void)
    this.#member.on('consumer:heartbeat:error', ({ error }) => this.#end(error))
    this.#member.on('consumer:group:join', (joined) => {
      this.#assigning = this.#assigning.then(() => this.#assign(joined)).catch(isOver)
    })
  }

  /** Resolves once partitions are assigned. Rejects if the brokers are unreachable or the topic does not exist. */
  static async open(
    mapping: KafkaMapping,
    connection: KafkaConnection,
    changes: Notifier,
  ): Promise<GroupSession> {
    const session = new GroupSession(mapping, connection, changes)
    try {
      session.#member.topics.track(mapping.topic)
      await session.#member.joinGroup()
      await session.#assigning
      if (session.#isOver) throw await session.ended
    } catch (error) {
      session.#end(error)
      await session.close()
      throw error
    }
    void session.#fetchUntilOver()
    return session
  }

  /** Resolves with the error, or with undefined after `close`. */
  get ended(): Promise<unknown> {
    return this.#ended.promise
  }

  get partitions(): AssignedPartition[] {
    return this.#partitions
  }

  /** Leaves the group, so that others need not wait for this member to time out. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#leave()
    return this.#closing
  }

  async #leave(): Promise<void> {
    this.#end(undefined)
    // The client types this as the callback variant.
    await settlesWithin(MAX_LEAVE_SECONDS, this.#member.leaveGroup() as unknown as Promise<void>)
    // Otherwise close() would wait for the leave response, which never comes if the broker is gone.
    this.#member.memberId = null
    await settlesWithin(MAX_LEAVE_SECONDS, Promise.allSettled([this.#member.close(), this.#fetcher.close()]))
  }

  #end(reason: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const partition of this.#partitions) partition.revoke()
    this.#partitions = []
    this.#ended.resolve(reason)
    this.#changes.notify()
  }

  /** Partitions that stay assigned over a rebalance are kept, unless we rejoined as a new member. */
  async #assign({ memberId, generationId = -1, assignments = [] }: ConsumerGroupJoinPayload): Promise<void> {
    const { topic } = this.#mapping
    const own = assignments.find((assignment) => assignment.topic === topic)?.partitions ?? []
    const kept = memberId === this.#memberId ? own : []
    for (const partition of this.#partitions) if (!kept.includes(partition.index)) partition.revoke()
    this.#partitions = this.#partitions.filter(({ revoked }) => !revoked.aborted)
    this.#memberId = memberId
    this.#generationId = generationId
    const added = own.filter((index) => !this.#partitions.some((partition) => partition.index === index))
    const offsets = await startOffsets(this.#member, this.#mapping, added)
    if (this.#isOver || this.#member.generationId !== generationId) return
    for (const [index, offset] of offsets) {
      const commit = (partition: AssignedPartition, next: number) => this.#commit(partition, next)
      this.#partitions.push(new AssignedPartition(topic, index, offset, commit))
    }
    this.#changes.notify()
  }

  async #commit({ index: partition, revoked }: AssignedPartition, offset: number): Promise<void> {
    const { topic } = this.#mapping
    while (!revoked.aborted) {
      try {
        if (this.#member.generationId === this.#generationId) {
          await this.#member.commit({
            offsets: [{ topic, partition, offset: BigInt(offset), leaderEpoch: -1 }],
          })
          return
        }
      } catch {
        // A rebalance is in progress or the session is ending. Retry until the partition is revoked.
      }
      await sleep(COMMIT_RETRY_MS, undefined, { signal: revoked }).catch(() => {})
    }
  }

  async #fetchUntilOver(): Promise<void> {
    try {
      while (!this.#isOver) {
        const withRoom = this.#partitions.filter((partition) => partition.hasRoom(this.#mapping.batchSize))
        if (withRoom.length === 0) await this.#changes.wait()
        else await this.#fetch(withRoom)
      }
    } catch (error) {
      this.#end(error)
    }
  }

  /** Fetches from all partition leaders in parallel. */
  async #fetch(partitions: AssignedPartition[]): Promise<void> {
    const { topic: name } = this.#mapping
    const topic = (await this.#fetcher.metadata({ topics: [name] })).topics.get(name)
    if (!topic) throw new Error(`topic ${name} no longer exists`)
    const byLeader = Map.groupBy(partitions, ({ index }) => topic.partitions[index]?.leader ?? -1)
    await Promise.all([...byLeader].map(([leader, led]) => this.#fetchFrom(leader, topic.id, led)))
  }

  async #fetchFrom(node: number, topicId: string, partitions: AssignedPartition[]): Promise<void> {
    const wanted = partitions.map(({ index, nextOffset }) => ({
      partition: index,
      fetchOffset: BigInt(nextOffset),
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: MAX_PARTITION_BYTES,
    }))
    const response = await this.#fetcher
      .fetch({ ...FETCH, node, topics: [{ topicId, partitions: wanted }] })
      .catch(responseWithErrors)
    for (const answer of response.responses.flatMap((topic) => topic.partitions)) {
      const partition = partitions.find(({ index }) => index === answer.partitionIndex)
      if (!partition || partition.revoked.aborted) continue
      if (answer.errorCode === OFFSET_OUT_OF_RANGE) await this.#resetOffset(partition)
      else if (answer.errorCode !== 0)
        throw new Error(`partition ${partition.key}: Kafka error ${answer.errorCode}`)
      else partition.accept(answer.records ?? [])
    }
    this.#changes.notify()
  }

  /** The next records were deleted, or the topic was recreated. */
  async #resetOffset(partition: AssignedPartition): Promise<void> {
    const offsets = await startOffsets(this.#member, this.#mapping, [partition.index], {
      ignoresCommitted: true,
    })
    partition.nextOffset = offsets.get(partition.index) ?? 0
  }
}

/** If one partition has an error, the client throws an error that contains the records of the others. */
function responseWithErrors(error: GenericError): fetchV17.FetchResponse {
  if (error.response === undefined) throw error
  return error.response
}
