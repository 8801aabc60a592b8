import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { Bucket, Original } from '@darkroom/bucket'
import { type ImageAccepted, inputKey, ProblemError, s3Uri, type Tolerant, toAsciiJson } from '@darkroom/core'

/** The image queue, with the bucket and the source that its messages name. */
export interface ImageQueue {
  bucket: Bucket
  sqs: SQSClient
  queueUrl: string
  /** The CloudEvents `source` of the messages, e.g. `/darkroom/upload-api`. */
  source: string
}

/** Options for an image that is already processed. */
type RedevelopOption = Pick<ImageAccepted['data'], 'redevelop'>

/**
 * Queues a stored original for the image processor.
 *
 * @throws ProblemError `queue-unavailable`; the original is already stored, so nothing is lost
 */
export async function enqueueImage(
  { bucket, sqs, queueUrl, source }: ImageQueue,
  { traceparent, ...image }: Original & RedevelopOption,
): Promise<void> {
  const event: Tolerant<ImageAccepted> = {
    specversion: '1.0',
    id: image.imageId,
    source,
    type: 'image.accepted.v1',
    time: image.acceptedAt,
    subject: image.imageId,
    datacontenttype: 'application/json',
    traceparent,
    data: { ...image, s3Uri: s3Uri(bucket.name, inputKey(image)) },
  }
  try {
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: toAsciiJson(event) }))
  } catch (cause) {
    throw new ProblemError(
      'queue-unavailable',
      'The image is stored but could not be queued. Send it again in a moment; with the same Idempotency-Key it is stored only once.',
      { cause },
    )
  }
}
