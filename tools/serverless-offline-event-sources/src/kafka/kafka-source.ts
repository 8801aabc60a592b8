import type { SQSClient } from '@aws-sdk/client-sqs'
import type { KafkaConnection } from '@darkroom/kafka-connection'
import type { EventSource, SourceContext } from '../event-source.ts'
import { keepTrying } from '../keep-trying.ts'
import { type Outage, watchOutage } from '../outage.ts'
import { findQueue, type Queue } from '../sqs/find-queue.ts'
import { createSqsClient } from '../sqs/sqs-client.ts'
import type { FetchedRecord } from './assigned-partition.ts'
import { Bell } from './bell.ts'
import { readConnection } from './connection.ts'
import type { GroupSession } from './group-session.ts'
import type { KafkaMapping } from './kafka-mapping.ts'
import { planBatch, takeBatch } from './next-batch.ts'
import { type Discard, reportDiscard } from './on-failure-destination.ts'
import { runBatch } from './run-batch.ts'
import { toEvent } from './to-event.ts'

/**
 * One member of the consumer group. A batch may hold records of several partitions; while one runs or is retried,
 * its partitions wait for it and the others go on, up to `maximumConcurrency` batches at once.
 */
export class KafkaSource implements EventSource {
  readonly label: string
  readonly #mapping: KafkaMapping
  readonly #context: SourceContext
  readonly #connection: KafkaConnection
  readonly #outage: Outage
  readonly #client: SQSClient
  readonly #stopping = new AbortController()
  readonly #bell = new Bell()
  readonly #running = new Set<Promise<void>>()
  /** Partitions that a batch is running for, even if they are not ours any more. */
  readonly #busy = new Set<number>()
  #session: GroupSession | undefined
  #polling: Promise<unknown> | undefined
  #destination: Queue | undefined
  #turn = 0

  constructor(mapping: KafkaMapping, context: SourceContext) {
    this.label = describe(mapping, context.functionKey)
    this.#mapping = mapping
    this.#context = context
    this.#connection = readConnection(mapping.bootstrapServers)
    const { bootstrapBrokers } = this.#connection
    this.#outage = watchOutage(`Kafka topic ${mapping.topic} at ${bootstrapBrokers.join(',')}`, context.log)
    this.#client = createSqsClient(context.region)
  }

  async start(): Promise<void> {
    this.#destination = await this.#findDestination()
    await this.#openSession()
    this.#polling = Promise.all([this.#stayInGroup(), this.#dispatch()])
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#bell.ring()
    await Promise.all(this.#running)
    await this.#session?.close()
    await this.#polling
    // One may have been opened in the meantime.
    await this.#session?.close()
    this.#client.destroy()
  }

  async #findDestination(): Promise<Queue | undefined> {
    const { onFailureQueue } = this.#mapping
    if (onFailureQueue === undefined) return undefined
    const outage = watchOutage(`SQS queue ${onFailureQueue}`, this.#context.log)
    return keepTrying(() => findQueue(this.#client, onFailureQueue), {
      outage,
      signal: this.#stopping.signal,
    })
  }

  /** The client loads here, for services with a Kafka event alone. */
  async #openSession(): Promise<void> {
    const { GroupSession } = await import('./group-session.ts')
    this.#session = await keepTrying(() => GroupSession.open(this.#mapping, this.#connection, this.#bell), {
      outage: this.#outage,
      signal: this.#stopping.signal,
      outlast: () => true,
    })
    this.#bell.ring()
  }

  async #stayInGroup(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const reason = await this.#session?.ended
      if (signal.aborted) return
      this.#outage.noticed(reason)
      await this.#session?.close()
      await this.#openSession().catch((error) => {
        if (!signal.aborted) throw error
      })
    }
  }

  async #dispatch(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const plan = this.#plan()
      if (plan.takes.length === 0) await this.#bell.heard()
      else await this.#gatherBatch()
    }
  }

  /** The window opens with the first record that could be sent. */
  async #gatherBatch(): Promise<void> {
    const windowEnd = Date.now() + this.#mapping.batchingWindow * 1000
    for (let left = windowEnd - Date.now(); left > 0 && !this.#plan().isFull; left = windowEnd - Date.now()) {
      await this.#bell.heard(left)
      if (this.#stopping.signal.aborted) return
    }
    const records = takeBatch(this.#plan(), ++this.#turn)
    if (records.length > 0) this.#begin(records)
  }

  #plan() {
    const mayRun = this.#running.size < this.#context.maximumConcurrency
    const idle = this.#session?.partitions.filter(({ index }) => !this.#busy.has(index)) ?? []
    return planBatch(mayRun ? idle : [], this.#mapping.batchSize)
  }

  #begin(records: FetchedRecord[]): void {
    for (const { partition } of records) this.#busy.add(partition.index)
    const batch = runBatch(records, {
      functionKey: this.#context.functionKey,
      mapping: this.#mapping,
      log: this.#context.log,
      signal: this.#stopping.signal,
      invoke: (part) => this.#context.invoke(toEvent(part, this.#mapping, this.#connection.bootstrapBrokers)),
      discard: (discard) => this.#discard(discard),
      release: (partition) => {
        this.#busy.delete(partition)
        this.#bell.ring()
      },
    })
      .catch((error) => {
        if (!this.#stopping.signal.aborted) throw error
      })
      .finally(() => {
        this.#running.delete(batch)
        this.#bell.ring()
      })
    this.#running.add(batch)
  }

  /** Waits for the destination to come back, since the records are forgotten here. */
  async #discard(discard: Discard): Promise<void> {
    const queue = this.#destination
    if (!queue) return
    const { region, functionName, log } = this.#context
    await keepTrying(
      () =>
        reportDiscard(this.#client, queue, discard, this.#mapping, {
          functionArn: `arn:aws:lambda:${region}:000000000000:function:${functionName}`,
          bootstrapServers: this.#connection.bootstrapBrokers.join(','),
        }),
      {
        outage: watchOutage(`SQS queue ${queue.name}`, log),
        signal: this.#stopping.signal,
        outlast: () => true,
      },
    )
  }
}

function describe({ topic, batchSize, batchingWindow, groupId }: KafkaMapping, functionKey: string): string {
  return `${topic} → ${functionKey} (up to ${batchSize} records within ${batchingWindow} s, as ${groupId})`
}
