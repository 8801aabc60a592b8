import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs'
import { DeleteMessageBatchCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { SQSMessageAttribute, SQSRecord, SQSRecordAttributes } from 'aws-lambda'
import type { Log } from '../serverless.ts'
import type { Queue } from './queue.ts'

/** Time limit beyond the long poll, so that a dead connection does not block forever. */
const GRACE_SECONDS = 10

export interface ReceiveRequest {
  /** From 1 to 10. */
  maxMessages: number
  /** From 0 to 20. */
  waitSeconds: number
}

export async function receiveMessages(
  client: SQSClient,
  queue: Queue,
  { maxMessages, waitSeconds }: ReceiveRequest,
  signal: AbortSignal,
): Promise<SQSRecord[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: queue.url,
      MaxNumberOfMessages: maxMessages,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
    { abortSignal: AbortSignal.any([signal, AbortSignal.timeout((waitSeconds + GRACE_SECONDS) * 1000)]) },
  )
  return Messages.map((message) => toRecord(message, queue))
}

/**
 * A message in Lambda's event.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
 */
function toRecord(message: Message, queue: Pick<Queue, 'arn' | 'region'>): SQSRecord {
  return {
    messageId: String(message.MessageId),
    receiptHandle: String(message.ReceiptHandle),
    body: String(message.Body),
    attributes: { ...message.Attributes } as SQSRecordAttributes & Record<string, string>,
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, toAttribute(value)]),
    ),
    ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: String(message.MD5OfBody),
    eventSource: 'aws:sqs',
    eventSourceARN: queue.arn,
    awsRegion: queue.region,
  }
}

function toAttribute({ StringValue, BinaryValue, DataType }: MessageAttributeValue): SQSMessageAttribute {
  return {
    ...(StringValue !== undefined && { stringValue: StringValue }),
    ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType: String(DataType),
  }
}

const MAX_DELETED_MESSAGES = 10

/** Never rejects: a message that could not be deleted is delivered again, as on AWS. */
export async function deleteMessages(
  client: SQSClient,
  queue: Queue,
  records: SQSRecord[],
  log: Log,
): Promise<void> {
  for (let from = 0; from < records.length; from += MAX_DELETED_MESSAGES) {
    const chunk = records.slice(from, from + MAX_DELETED_MESSAGES)
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
