import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { type ImageAccepted, inputKey, ProblemError, s3Uri } from '@darkroom/core'
import type { AcceptedImage } from './accepted-image.ts'

/** What may be asked for beside the first development. */
type Wishes = Pick<ImageAccepted['data'], 'redevelop'>

/**
 * Tells the image processor that an original waits for it.
 *
 * @throws ProblemError `queue-unavailable`; the original is stored by then, so nothing is lost
 */
export async function enqueueImage(
  sqs: SQSClient,
  queueUrl: string,
  source: string,
  bucket: string,
  { traceparent, ...image }: AcceptedImage & Wishes,
): Promise<void> {
  const event: ImageAccepted = {
    specversion: '1.0',
    id: image.imageId,
    source,
    type: 'image.accepted.v1',
    time: image.acceptedAt,
    subject: image.imageId,
    datacontenttype: 'application/json',
    traceparent,
    data: { ...image, s3Uri: s3Uri(bucket, inputKey(image)) },
  }
  try {
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(event) }))
  } catch (cause) {
    throw new ProblemError(
      'queue-unavailable',
      'The image is stored but could not be queued. Send it again in a moment; with the same Idempotency-Key it can only be stored once.',
      { cause },
    )
  }
}
