import type { SQSClient } from '@aws-sdk/client-sqs'
import type { SQSRecord } from 'aws-lambda'
import type { EventSource, SourceContext } from '../event-source.ts'
import { keepTrying } from '../keep-trying.ts'
import { type Outage, watchOutage } from '../outage.ts'
import { checkQueue } from './check-queue.ts'
import { deleteMessages } from './delete-messages.ts'
import { failedMessageIds } from './failed-message-ids.ts'
import { findQueue, type Queue } from './find-queue.ts'
import { gatherBatch } from './gather-batch.ts'
import { splitByPayload } from './payload.ts'
import { receiveMessages } from './receive-messages.ts'
import { createSqsClient } from './sqs-client.ts'
import type { SqsMapping } from './sqs-mapping.ts'

/**
 * One poller, which asks for messages only while an invocation could start at once, so that none
 * spends its visibility timeout waiting here; and up to `maximumConcurrency` batches running.
 */
export class SqsSource implements EventSource {
  readonly label: string
  readonly #mapping: SqsMapping
  readonly #context: SourceContext
  readonly #client: SQSClient
  readonly #outage: Outage
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #polling: Promise<void> | undefined

  constructor(mapping: SqsMapping, context: SourceContext) {
    this.label = describe(mapping, context.functionKey)
    this.#mapping = mapping
    this.#context = context
    this.#client = createSqsClient(context.region)
    this.#outage = watchOutage(`SQS queue ${mapping.queueName}`, context.log)
  }

  async start(): Promise<void> {
    const queue = await keepTrying(() => findQueue(this.#client, this.#mapping.queueName), {
      outage: this.#outage,
      signal: this.#stopping.signal,
    })
    checkQueue(queue, this.#mapping, this.#context)
    this.#polling = this.#poll(queue)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#polling
    await Promise.all(this.#running)
    this.#client.destroy()
  }

  async #poll(queue: Queue): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      if (this.#running.size >= this.#mapping.maximumConcurrency) {
        await Promise.race(this.#running)
        continue
      }
      const records = await this.#receive(queue)
      if (records.length > 0) this.#begin(queue, records)
    }
  }

  /** Outlasts every error: the server may come back, and a deleted queue be made again. */
  async #receive(queue: Queue): Promise<SQSRecord[]> {
    const { signal } = this.#stopping
    const receive = (request: { atMost: number; waitSeconds: number }) =>
      receiveMessages(this.#client, queue, request, signal)
    try {
      return await keepTrying(
        // Just after an outage nothing is waited for, to learn at once that it is over.
        () => gatherBatch(receive, this.#mapping, this.#outage.isOn ? 0 : undefined),
        { outage: this.#outage, signal, outlast: () => true },
      )
    } catch (error) {
      if (signal.aborted) return []
      throw error
    }
  }

  #begin(queue: Queue, records: SQSRecord[]): void {
    const batch = this.#runParts(queue, records).finally(() => this.#running.delete(batch))
    this.#running.add(batch)
  }

  async #runParts(queue: Queue, records: SQSRecord[]): Promise<void> {
    for (const part of splitByPayload(records)) await this.#run(queue, part)
  }

  /** Deletes what succeeded. What failed is not touched, as the function may have set its visibility. */
  async #run(queue: Queue, records: SQSRecord[]): Promise<void> {
    const { functionKey, log } = this.#context
    try {
      const failed = await this.#invoke(records)
      if (failed.size > 0) {
        log.notice(`${functionKey} left ${failed.size} of ${records.length} messages in ${queue.name}`)
      }
      const succeeded = records.filter(({ messageId }) => !failed.has(messageId))
      await deleteMessages(this.#client, queue, succeeded, log)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      log.error(`${functionKey} failed, leaving its batch of ${records.length} in ${queue.name}: ${reason}`)
    }
  }

  /** The ids of the messages that failed; rejects if all did. */
  async #invoke(records: SQSRecord[]): Promise<Set<string>> {
    const response = await this.#context.invoke({ Records: records })
    return this.#mapping.reportsItemFailures ? failedMessageIds(response, records) : new Set()
  }
}

function describe(mapping: SqsMapping, functionKey: string): string {
  const { queueName, batchSize, batchingWindow, maximumConcurrency } = mapping
  const window = batchingWindow > 0 ? ` within ${batchingWindow} s` : ''
  return `${queueName} → ${functionKey} (up to ${batchSize} messages${window}, ${maximumConcurrency} batches at once)`
}
