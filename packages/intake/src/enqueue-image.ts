import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { Bucket, Original } from '@darkroom/bucket'
import {
  type ImageAccepted,
  type ImageRef,
  inputKey,
  ProblemError,
  s3Uri,
  type Tolerant,
  toAsciiJson,
} from '@darkroom/core'

/** The image queue, with the bucket and the source that its messages name. */
export interface ImageQueue {
  bucket: Bucket
  sqs: SQSClient
  queueUrl: string
  /** The CloudEvents `source` of the messages, e.g. `/darkroom/upload-api`. */
  source: string
}

/** The same for images that are accepted now. */
export interface IntakeQueue extends ImageQueue {
  /** Called if the message of an accepted image could not be sent: for a log and a metric. */
  onUnsent: (image: ImageRef, error: Error) => void
}

/** Options for an image that is already processed. */
type RedevelopOption = Pick<ImageAccepted['data'], 'redevelop'>

/**
 * Queues a stored original for the image processor.
 *
 * @throws ProblemError `internal`, with SQS's error as its cause
 */
export async function enqueueImage(
  { bucket, sqs, queueUrl, source }: ImageQueue,
  { traceparent, ...image }: Original & RedevelopOption,
): Promise<void> {
  const event: Tolerant<ImageAccepted> = {
    specversion: '1.0',
    // Every redevelopment is an event of its own; the first message can be sent several times.
    id: image.redevelop ? crypto.randomUUID() : image.imageId,
    source,
    type: 'image.accepted.v1',
    time: image.acceptedAt,
    subject: image.imageId,
    datacontenttype: 'application/json',
    traceparent,
    data: { ...image, s3Uri: s3Uri(bucket.name, inputKey(image)) },
  }
  try {
    const message = { QueueUrl: queueUrl, MessageBody: toAsciiJson(event) }
    // SQS's fair queues: one app's backlog does not delay the others (decisions/0057-fair-queues.md).
    await sqs.send(new SendMessageCommand({ ...message, MessageGroupId: image.app }))
  } catch (cause) {
    throw new ProblemError(
      'internal',
      'The image is stored, but its message could not be sent to the image queue.',
      { cause },
    )
  }
}

/**
 * The same for an image that has just been accepted. Accepted means stored: a queue that does not answer, or refuses, is
 * only reported, because the watch queue sends the message later (decisions/0044-watch-queue.md).
 */
export async function enqueueAccepted(queue: IntakeQueue, image: Original): Promise<void> {
  try {
    await enqueueImage(queue, image)
  } catch (error) {
    queue.onUnsent({ app: image.app, imageId: image.imageId }, error as Error)
  }
}
