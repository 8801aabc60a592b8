import { appOfTopic, retention } from '@darkroom/app-configuration/deployed'
import { findDecidedId, findOriginal, getDocument, type StoredOriginal } from '@darkroom/bucket'
import { type ImageId, type ImageRef, ProblemError, type StoredDocument, timeOf } from '@darkroom/core'
import { type AcceptedImage, deadlineOf, isPastDeadline } from '@darkroom/retention'
import { bucket } from '../clients.ts'
import type { SoughtImage } from '../http/caller.ts'
import { noSuchImage } from '../http/request.ts'

/** What is stored for an image: its metadata document if it is finished, otherwise its original. */
export type FoundImage =
  | { state: 'finished'; document: StoredDocument }
  | { state: 'queued'; original: StoredOriginal }
  | { state: 'unreadable' }

/** Apps whose producers derive ids from events. */
const withEvents = new Set(Object.values(appOfTopic))

/**
 * Finds an image with one request to S3 if it is finished, two if it is queued, and three if it does not exist, or four in an app with
 * topics. After its deadline it counts as deleted, whether or not S3 has deleted it yet. A producer may have derived the id from an event
 * whose time was not believed: then it is the image of that event.
 *
 * @param find `findNamed` needs two requests for every image, and two or three if it does not exist
 *
 * @throws ProblemError `not-found` (the same for another app's or uploader's image), `expired-by-retention`,
 *   `storage-unavailable`
 */
export async function findImage(image: SoughtImage, find = findStored): Promise<FoundImage> {
  const found = (await find(image)) ?? (await findEventImage(image, find))
  if (found) return found
  throw notFound(image)
}

/** The image of the event from which the id was derived, if the bridge decided on another id. */
async function findEventImage(image: SoughtImage, find: typeof findStored): Promise<FoundImage | undefined> {
  const imageId = withEvents.has(image.app) ? await otherIdOf(image) : undefined
  return imageId === undefined ? undefined : find({ ...image, imageId })
}

/** The id that the bridge decided on instead of this one. */
export async function otherIdOf(image: ImageRef): Promise<ImageId | undefined> {
  const decided = await findDecidedId(bucket, image)
  return decided === image.imageId ? undefined : decided
}

async function findStored(image: SoughtImage): Promise<FoundImage | undefined> {
  const finished = await findFinished(image)
  requireDocumentKept(documentOf(finished))
  if (finished) return finished
  // An erasure may have written its receipt after the first read, and then deleted the original.
  return (await findQueued(image)) ?? findFinished(image)
}

/**
 * For ids that a request names, all of which may be unknown. The original is read first: what an erasure deleted before that is in the
 * document, which needs no second look.
 */
export async function findNamed(image: SoughtImage): Promise<FoundImage | undefined> {
  const original = await findOriginal(bucket, image)
  const finished = await findFinished(image)
  requireDocumentKept(documentOf(finished))
  return finished ?? toQueued(image, original)
}

/**
 * Whether the image, or that of its event, is stored and visible to the caller, even if its retention has ended.
 *
 * @throws ProblemError `storage-unavailable`
 */
export async function isStored(image: SoughtImage): Promise<boolean> {
  if (await isStoredAs(image)) return true
  const imageId = await otherIdOf(image)
  return imageId !== undefined && isStoredAs({ ...image, imageId })
}

async function isStoredAs(image: SoughtImage): Promise<boolean> {
  if (await findFinished(image)) return true
  const original = await findOriginal(bucket, image)
  return original !== undefined && isVisible(image, original.uploader)
}

/**
 * The image by its original alone, as if it had no metadata document. One request to S3.
 *
 * @throws ProblemError `expired-by-retention`, `storage-unavailable`
 */
export async function findQueued(
  image: SoughtImage,
): Promise<Extract<FoundImage, { state: 'queued' }> | undefined> {
  return toQueued(image, await findOriginal(bucket, image))
}

function toQueued(image: SoughtImage, original: StoredOriginal | undefined) {
  if (!(original && isVisible(image, original.uploader))) return undefined
  requireKept(original, 'input')
  return { state: 'queued' as const, original }
}

/** @returns ProblemError `not-found`, or `expired-by-retention` for an id so old that its image would be deleted. Use it if nothing is stored */
export function notFound(image: ImageRef): ProblemError {
  const oldest = idAcceptance(image)
  return isPastDeadline(retention, oldest, 'metadata') ? expired(oldest, 'metadata') : noSuchImage()
}

export const documentOf = (found: FoundImage | undefined) =>
  found?.state === 'finished' ? found.document : undefined

const idAcceptance = ({ app, imageId }: ImageRef): AcceptedImage => ({
  app,
  acceptedAt: timeOf(imageId).toISOString(),
})

/** The same, but undefined if the image does not exist or has expired. @throws ProblemError `storage-unavailable` */
export async function findImageOrUndefined(
  image: SoughtImage,
  find = findStored,
): Promise<FoundImage | undefined> {
  try {
    return await findImage(image, find)
  } catch (error) {
    if (error instanceof ProblemError && error.status < 500) return undefined
    throw error
  }
}

/** The image if it has a metadata document, otherwise undefined. One request to S3. */
export async function findFinished(image: SoughtImage): Promise<FoundImage | undefined> {
  const found = await getDocument(bucket, image)
  if (!(found && isVisible(image, uploaderOf(found.document)))) return undefined
  return found.document ? { state: 'finished', document: found.document } : { state: 'unreadable' }
}

/** Undefined for a receipt, which contains nothing of the image or its owner. */
function uploaderOf(document: StoredDocument | undefined): string | undefined {
  return document && 'uploader' in document ? document.uploader : undefined
}

function isVisible({ uploader }: SoughtImage, owner: string | undefined): boolean {
  return uploader === undefined || uploader === owner
}

/**
 * An unreadable document says nothing about its age, and the time in an id can be wrong, so it counts as kept. A receipt is kept
 * from the erasure on.
 *
 * @throws ProblemError `expired-by-retention`
 */
export function requireDocumentKept(document: StoredDocument | undefined): void {
  if (!document) return
  const acceptedAt = document.status === 'erased' ? document.erased_at : document.accepted_at
  requireKept({ app: document.app, acceptedAt }, 'metadata')
}

/** @throws ProblemError `expired-by-retention` if the image's objects of this kind are past their deadline */
function requireKept(image: AcceptedImage, kind: 'input' | 'metadata'): void {
  if (isPastDeadline(retention, image, kind)) throw expired(image, kind)
}

function expired(image: AcceptedImage, kind: 'input' | 'metadata'): ProblemError {
  const deadline = deadlineOf(retention, image, kind).toISOString()
  return new ProblemError(
    'expired-by-retention',
    `The retention of this image ended on ${deadline.slice(0, 10)}, and it was deleted.`,
  )
}
