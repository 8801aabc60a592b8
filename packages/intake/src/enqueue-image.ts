import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { type ImageAccepted, inputKey, ProblemError, s3Uri } from '@darkroom/core'
import type { AcceptedImage } from './accepted-image.ts'

/** Options beyond the first development. */
type Wishes = Pick<ImageAccepted['data'], 'redevelop'>

/**
 * Queues a stored original for the image processor.
 *
 * @throws ProblemError `queue-unavailable`; the original is already stored, so nothing is lost
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
      'The image is stored but could not be queued. Send it again in a moment; with the same Idempotency-Key it is stored only once.',
      { cause },
    )
  }
}
