import { DeleteMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { SQSRecord } from 'aws-lambda'
import type { Log } from '../serverless.ts'
import type { Queue } from './find-queue.ts'

const DELETE_LIMIT = 10

/** Never rejects: a message that could not be deleted is delivered again, as on AWS. */
export async function deleteMessages(
  client: SQSClient,
  queue: Queue,
  records: SQSRecord[],
  log: Log,
): Promise<void> {
  for (let from = 0; from < records.length; from += DELETE_LIMIT) {
    const chunk = records.slice(from, from + DELETE_LIMIT)
    try {
      const { Failed = [] } = await client.send(
        new DeleteMessageBatchCommand({
          QueueUrl: queue.url,
          Entries: chunk.map(({ receiptHandle }, index) => ({
            Id: String(index),
            ReceiptHandle: receiptHandle,
          })),
        }),
      )
      if (Failed.length > 0) warn(Failed.length, Failed[0]?.Message)
    } catch (error) {
      warn(chunk.length, error instanceof Error ? error.message : error)
    }
  }

  function warn(count: number, reason: unknown): void {
    log.warning(
      `${count} messages were not deleted from ${queue.name} and will be delivered again: ${reason}`,
    )
  }
}
