import type { SQSClient } from '@aws-sdk/client-sqs'
import type { SQSRecord } from 'aws-lambda'
import type { EventSource, SourceContext } from '../event-source.ts'
import { type Outage, retry, watchOutage } from '../retry.ts'
import { failedMessageIds } from './failed-message-ids.ts'
import { gatherBatch } from './gather-batch.ts'
import type { SqsMapping } from './mapping.ts'
import { deleteMessages, receiveMessages } from './messages.ts'
import { splitByPayload } from './payload.ts'
import { checkQueue, createSqsClient, findQueue, type Queue } from './queue.ts'

/**
 * Runs one poller and up to `maximumConcurrency` batches. It only receives while an invocation can start
 * at once, so that no message spends its visibility timeout waiting.
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
    const queue = await retry(() => findQueue(this.#client, this.#mapping.queueName), {
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

  /** Retries every error: the server may come back, and a deleted queue may be created again. */
  async #receive(queue: Queue): Promise<SQSRecord[]> {
    const { signal } = this.#stopping
    const receive = (request: { maxMessages: number; waitSeconds: number }) =>
      receiveMessages(this.#client, queue, request, signal)
    try {
      return await retry(
        // During an outage do not long-poll, to notice its end at once.
        () => gatherBatch(receive, this.#mapping, this.#outage.isActive ? 0 : undefined),
        { outage: this.#outage, signal, isRetryable: () => true },
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

  /** Deletes successful messages. Failed ones are left alone, because the function may have set their visibility. */
  async #run(queue: Queue, records: SQSRecord[]): Promise<void> {
    const { functionKey, log } = this.#context
    try {
      const failed = await this.#invoke(records)
      if (failed.size > 0) {
        log.notice(
          `${functionKey} reported ${failed.size} of ${records.length} messages as failed, they stay in ${queue.name}`,
        )
      }
      const succeeded = records.filter(({ messageId }) => !failed.has(messageId))
      await deleteMessages(this.#client, queue, succeeded, log)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      log.error(`${functionKey} failed, its batch of ${records.length} stays in ${queue.name}: ${reason}`)
    }
  }

  /** Returns the ids of failed messages. Rejects if all failed. */
  async #invoke(records: SQSRecord[]): Promise<Set<string>> {
    const response = await this.#context.invoke({ Records: records })
    return this.#mapping.reportsItemFailures ? failedMessageIds(response, records) : new Set()
  }
}

function describe(mapping: SqsMapping, functionKey: string): string {
  const { queueName, batchSize, batchingWindowSeconds, maximumConcurrency } = mapping
  const window = batchingWindowSeconds > 0 ? ` within ${batchingWindowSeconds} s` : ''
  return `${queueName} → ${functionKey} (up to ${batchSize} messages${window}, ${maximumConcurrency} batches at once)`
}
