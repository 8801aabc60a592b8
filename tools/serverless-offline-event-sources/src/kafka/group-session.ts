import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaConnection } from '@darkroom/kafka-connection'
import {
  Consumer,
  type ConsumerGroupJoinPayload,
  type fetchV17,
  type GenericError,
} from '@platformatic/kafka'
import { within } from '../within.ts'
import { AssignedPartition } from './assigned-partition.ts'
import type { Bell } from './bell.ts'
import type { KafkaMapping } from './kafka-mapping.ts'
import { startOffsets } from './start-offsets.ts'

const PATIENCE = {
  sessionTimeout: 10_000,
  rebalanceTimeout: 10_000,
  heartbeatInterval: 1_000,
  requestTimeout: 15_000,
  connectTimeout: 5_000,
}
const FETCH = { minBytes: 1, maxBytes: 16 * 1024 * 1024, maxWaitTime: 500 }
const PARTITION_BYTES = 8 * 1024 * 1024
const COMMIT_PAUSE_MS = 200
const LEAVE_SECONDS = 2
const OFFSET_OUT_OF_RANGE = 1

/**
 * One membership of a consumer group, from joining to the first thing that goes wrong with it; then all partitions
 * are given up, and another session begins. The client's own retries are off, since they would commit for
 * partitions that a rebalance has given to somebody else.
 */
export class GroupSession {
  readonly #mapping: KafkaMapping
  readonly #bell: Bell
  readonly #member: Consumer
  /** Of its own connections: a broker answers a connection's requests in order, and a fetch may wait long. */
  readonly #fetcher: Consumer
  readonly #ended = Promise.withResolvers<unknown>()
  #partitions: AssignedPartition[] = []
  #assigning: Promise<void> = Promise.resolve()
  #memberId: string | null = null
  #generationId = -1
  #isOver = false
  #closing: Promise<void> | undefined

  private constructor(mapping: KafkaMapping, connection: KafkaConnection, bell: Bell) {
    this.#mapping = mapping
    this.#bell = bell
    const options = {
      ...connection,
      ...PATIENCE,
      clientId: `serverless-offline-${mapping.topic}`,
      groupId: mapping.groupId,
      retries: 0,
    }
    this.#member = new Consumer(options)
    this.#fetcher = new Consumer(options)
    const isOver = (error: unknown) => this.#end(error)
    // The client has more events than it has types for.
    this.#member.on('error' as 'client:close', isOver as () => void)
    this.#fetcher.on('error' as 'client:close', isOver as () => void)
    this.#member.on('consumer:heartbeat:error', ({ error }) => this.#end(error))
    this.#member.on('consumer:group:join', (joined) => {
      this.#assigning = this.#assigning.then(() => this.#assign(joined)).catch(isOver)
    })
  }

  /** Resolves once it has its partitions; rejects if the brokers do not answer, or know no such topic. */
  static async open(mapping: KafkaMapping, connection: KafkaConnection, bell: Bell): Promise<GroupSession> {
    const session = new GroupSession(mapping, connection, bell)
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

  /** Resolves with what went wrong, or undefined after `close`. */
  get ended(): Promise<unknown> {
    return this.#ended.promise
  }

  get partitions(): AssignedPartition[] {
    return this.#partitions
  }

  /** Leaves the group, so that others need not wait for this member to time out. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#leave()
    return this.#closing
  }

  async #leave(): Promise<void> {
    this.#end(undefined)
    // Its type is that of the variant with a callback.
    await within(LEAVE_SECONDS, this.#member.leaveGroup() as unknown as Promise<void>)
    // Or else the client would not close before it has left, which a broker that is gone cannot tell it.
    this.#member.memberId = null
    await within(LEAVE_SECONDS, Promise.allSettled([this.#member.close(), this.#fetcher.close()]))
  }

  #end(reason: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const partition of this.#partitions) partition.revoke()
    this.#partitions = []
    this.#ended.resolve(reason)
    this.#bell.ring()
  }

  /** What we keep over a rebalance nobody else has had; as a new member we keep nothing. */
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
    this.#bell.ring()
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
        // A rebalance is under way, or the session about to end: the next assignment tells.
      }
      await sleep(COMMIT_PAUSE_MS, undefined, { signal: revoked }).catch(() => {})
    }
  }

  async #fetchUntilOver(): Promise<void> {
    try {
      while (!this.#isOver) {
        const hungry = this.#partitions.filter((partition) => partition.hasRoom(this.#mapping.batchSize))
        if (hungry.length === 0) await this.#bell.heard()
        else await this.#fetch(hungry)
      }
    } catch (error) {
      this.#end(error)
    }
  }

  /** From each partition's leader at the same time. */
  async #fetch(partitions: AssignedPartition[]): Promise<void> {
    const { topic: name } = this.#mapping
    const topic = (await this.#fetcher.metadata({ topics: [name] })).topics.get(name)
    if (!topic) throw new Error(`the topic ${name} is gone`)
    const byLeader = Map.groupBy(partitions, ({ index }) => topic.partitions[index]?.leader ?? -1)
    await Promise.all([...byLeader].map(([leader, led]) => this.#fetchFrom(leader, topic.id, led)))
  }

  async #fetchFrom(node: number, topicId: string, partitions: AssignedPartition[]): Promise<void> {
    const wanted = partitions.map(({ index, nextOffset }) => ({
      partition: index,
      fetchOffset: BigInt(nextOffset),
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: PARTITION_BYTES,
    }))
    const response = await this.#fetcher
      .fetch({ ...FETCH, node, topics: [{ topicId, partitions: wanted }] })
      .catch(responseWithErrors)
    for (const answer of response.responses.flatMap((topic) => topic.partitions)) {
      const partition = partitions.find(({ index }) => index === answer.partitionIndex)
      if (!partition || partition.revoked.aborted) continue
      if (answer.errorCode === OFFSET_OUT_OF_RANGE) await this.#startOver(partition)
      else if (answer.errorCode !== 0)
        throw new Error(`partition ${partition.key}: error ${answer.errorCode}`)
      else partition.accept(answer.records ?? [])
    }
    this.#bell.ring()
  }

  /** The records that come next have been deleted, or the topic made anew. */
  async #startOver(partition: AssignedPartition): Promise<void> {
    const offsets = await startOffsets(this.#member, this.#mapping, [partition.index], {
      ignoresCommitted: true,
    })
    partition.nextOffset = offsets.get(partition.index) ?? 0
  }
}

/** The client throws if one partition has an error, with the records of the others inside. */
function responseWithErrors(error: GenericError): fetchV17.FetchResponse {
  if (error.response === undefined) throw error
  return error.response
}
