import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { SQSRecord } from 'aws-lambda'
import type { Queue } from './find-queue.ts'
import { toRecord } from './to-record.ts'

/** A connection that has died without a word would otherwise be waited on for ever. */
const GRACE_SECONDS = 10

export type ReceiveRequest = {
  /** From 1 to 10. */
  atMost: number
  /** From 0 to 20. */
  waitSeconds: number
}

export async function receiveMessages(
  client: SQSClient,
  queue: Queue,
  { atMost, waitSeconds }: ReceiveRequest,
  signal: AbortSignal,
): Promise<SQSRecord[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: queue.url,
      MaxNumberOfMessages: atMost,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
    { abortSignal: AbortSignal.any([signal, AbortSignal.timeout((waitSeconds + GRACE_SECONDS) * 1000)]) },
  )
  return Messages.map((message) => toRecord(message, queue))
}
