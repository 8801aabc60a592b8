import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { repeatedS3Event } from '@darkroom/core'

/** SQS's limit. */
export const MAX_ANNOUNCED = 10

/** A stored metadata document. */
export interface WrittenKey {
  key: string
  written: Date
}

/**
 * Sends the outcomes queue what S3 sends for documents, at most `MAX_ANNOUNCED`: each is read and announced as it is then.
 *
 * @throws Error if SQS does not take one
 */
export async function announceAgain(
  { sqs, queueUrl, bucket }: { sqs: SQSClient; queueUrl: string; bucket: string },
  documents: WrittenKey[],
): Promise<void> {
  const Entries = documents.map(({ key, written }, n) => ({
    Id: String(n),
    MessageBody: JSON.stringify(repeatedS3Event(bucket, key, written)),
  }))
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }))
  if (Failed[0]) throw new Error(`SQS did not take a message: ${Failed[0].Message ?? Failed[0].Code}`)
}
