import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { tidyVariants } from '@darkroom/bucket'
import { dateOf, type ImageRef, metadataKey, repeatedS3Event } from '@darkroom/core'
import { bucket, sqs } from '../clients.ts'
import { watchQueueUrl } from '../environment.ts'

/**
 * Deletes variants that the document does not list. Other attempts at the image may still be running, and crash when nobody has
 * a message of theirs any more, so the watch queue's function looks once more when they are over, however old the document is: a
 * failed image can be tried again at any time (decisions/0058-variants-of-crashed-attempts.md).
 *
 * @param done keys of variants that no attempt can commit any more
 */
export async function tidyNowAndLater(image: ImageRef, done: readonly string[] = []): Promise<void> {
  await tidyVariants(bucket, image, done)
  const event = repeatedS3Event(bucket.name, metadataKey(image), new Date())
  await sqs.send(new SendMessageCommand({ QueueUrl: watchQueueUrl, MessageBody: JSON.stringify(event) }))
}

/** The daily reconcile compares the variants of an image twice if its day is not over yet. */
export const isTidiedByReconcile = ({ imageId }: ImageRef): boolean =>
  dateOf(imageId) >= new Date().toISOString().slice(0, 10)
