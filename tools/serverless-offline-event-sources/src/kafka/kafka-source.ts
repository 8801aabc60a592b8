import type { KafkaConnection } from '@darkroom/kafka-connection'
import { readConnection } from '../environment.ts'
import type { EventSource, SourceContext } from '../event-source.ts'
import { type Outage, retry, watchOutage } from '../retry.ts'
import { Notifier } from '../wait.ts'
import type { FetchedRecord } from './assigned-partition.ts'
import { toEvent } from './event.ts'
import type { GroupSession } from './group-session.ts'
import type { KafkaMapping } from './mapping.ts'
import { planBatch, takeBatch } from './next-batch.ts'
import { type OnFailureDestination, openDestination } from './on-failure-destination.ts'
import { runBatch } from './run-batch.ts'

/**
 * One member of the consumer group. A batch may contain records of several partitions. While a batch runs or is retried,
 * its partitions wait; other partitions continue, with up to `maximumConcurrency` concurrent batches.
 */
export class KafkaSource implements EventSource {
  readonly label: string
  readonly #mapping: KafkaMapping
  readonly #context: SourceContext
  readonly #connection: KafkaConnection
  readonly #outage: Outage
  readonly #stopping = new AbortController()
  readonly #changes = new Notifier()
  readonly #running = new Set<Promise<void>>()
  /** Partitions with a running batch, including revoked ones. */
  readonly #busy = new Set<number>()
  #session: GroupSession | undefined
  #polling: Promise<unknown> | undefined
  #destination: OnFailureDestination | undefined
  #turn = 0

  constructor(mapping: KafkaMapping, context: SourceContext) {
    this.label = describe(mapping, context.functionKey)
    this.#mapping = mapping
    this.#context = context
    this.#connection = readConnection(mapping.bootstrapServers)
    const { bootstrapBrokers } = this.#connection
    this.#outage = watchOutage(`Kafka topic ${mapping.topic} at ${bootstrapBrokers.join(',')}`, context.log)
  }

  async start(): Promise<void> {
    const { bootstrapBrokers } = this.#connection
    this.#destination = await openDestination(
      this.#mapping,
      this.#context,
      bootstrapBrokers,
      this.#stopping.signal,
    )
    await this.#openSession()
    this.#polling = Promise.all([this.#stayInGroup(), this.#dispatch()])
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#changes.notify()
    await Promise.all(this.#running)
    await this.#session?.close()
    await this.#polling
    // #stayInGroup may have opened a new session in the meantime.
    await this.#session?.close()
    this.#destination?.close()
  }

  /** Imports the client lazily, so that only services with a Kafka event load it. */
  async #openSession(): Promise<void> {
    const { GroupSession } = await import('./group-session.ts')
    this.#session = await retry(() => GroupSession.open(this.#mapping, this.#connection, this.#changes), {
      outage: this.#outage,
      signal: this.#stopping.signal,
      isRetryable: () => true,
    })
    this.#changes.notify()
  }

  async #stayInGroup(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const reason = await this.#session?.ended
      if (signal.aborted) return
      this.#outage.begin(reason)
      await this.#session?.close()
      await this.#openSession().catch((error) => {
        if (!signal.aborted) throw error
      })
    }
  }

  async #dispatch(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const plan = this.#plan()
      if (plan.takes.length === 0) await this.#changes.wait()
      else await this.#gatherBatch()
    }
  }

  /** The window starts with the first available record. */
  async #gatherBatch(): Promise<void> {
    const windowEnd = Date.now() + this.#mapping.batchingWindowSeconds * 1000
    for (
      let leftMs = windowEnd - Date.now();
      leftMs > 0 && !this.#plan().isFull;
      leftMs = windowEnd - Date.now()
    ) {
      await this.#changes.wait(leftMs)
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
      discard: async (discard) => this.#destination?.report(discard),
      release: (partition) => {
        this.#busy.delete(partition)
        this.#changes.notify()
      },
    })
      .catch((error) => {
        if (!this.#stopping.signal.aborted) throw error
      })
      .finally(() => {
        this.#running.delete(batch)
        this.#changes.notify()
      })
    this.#running.add(batch)
  }
}

function describe(
  { topic, batchSize, batchingWindowSeconds, groupId }: KafkaMapping,
  functionKey: string,
): string {
  return `${topic} → ${functionKey} (up to ${batchSize} records within ${batchingWindowSeconds} s, as ${groupId})`
}
