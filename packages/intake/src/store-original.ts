import {
  type Bucket,
  createOriginal,
  findKnownBytes,
  findOriginal,
  forgetBytes,
  getDocument,
  type HashedImage,
  hasHash,
  type KnownBytes,
  type Original,
  rememberBytes,
  type StoredOriginal,
  type StoredSource,
} from '@darkroom/bucket'
import {
  type AppId,
  type Attributes,
  hasDetails,
  type ImageId,
  type ImageRef,
  ProblemError,
  type Tolerant,
} from '@darkroom/core'
import { isPastDeadline, type Retention } from '@darkroom/retention'

/** The result of accepting an image. `replayed`: the same image was accepted under this id before. */
export interface Acceptance {
  image: Original
  replayed: boolean
  /** The image is an earlier one with the same bytes, and nothing was stored. */
  duplicate?: true
}

/**
 * Stores the original under its key, unless one is already stored. If that one has the same bytes (over HTTP also the same
 * file name and attributes), this is a repetition, and the result is that of the first time.
 *
 * @throws ProblemError `idempotency-key-reused` (another image is stored), `storage-unavailable`
 */
export async function storeOnce(
  bucket: Bucket,
  image: Original,
  source: Uint8Array | StoredSource,
): Promise<Acceptance> {
  if (await createOriginal(bucket, image, source)) return { image, replayed: false }
  const first = await findOriginal(bucket, image)
  // Both the original and the object to copy were deleted.
  if (!first)
    throw new ProblemError('storage-unavailable', 'The image was deleted in the meantime. Try again.')
  // Written by something other than Darkroom, so nobody can say whether it is the same image.
  if (!hasHash(first))
    throw new ProblemError('storage-unavailable', 'An object that cannot be read is stored under this id.')
  requireSameImage(first, image.origin.kind === 'http' ? image : { ...image, ...detailsOf(first) })
  return { image: first, replayed: true }
}

/** An event from Kafka is identified by its id alone, so only its bytes are compared. */
const detailsOf = ({ filename, attributes, uploader }: Original) => ({ filename, attributes, uploader })

/** A request to accept an image under an id that may be in use. Bytes that are not known yet are not compared. */
export interface Repetition {
  imageId: ImageId
  bytes?: number | undefined
  sha256?: string | undefined
  filename?: string | undefined
  attributes: Tolerant<Attributes>
  uploader?: string | undefined
}

/** @throws ProblemError `idempotency-key-reused` if another image was accepted under the id */
export function requireSameImage(first: StoredOriginal, again: Repetition): void {
  const { bytes = first.bytes, sha256 = first.sha256 } = again
  if (again.uploader !== first.uploader) throw reused(again, 'An image of another uploader was')
  if (bytes !== first.bytes || sha256 !== first.sha256) throw reused(again, 'Other bytes were')
  if (!hasDetails(first, again)) throw reused(again, 'Another file name or other attributes were')
}

function reused({ imageId }: Repetition, what: string): ProblemError {
  return new ProblemError(
    'idempotency-key-reused',
    `${what} already accepted with the id ${imageId}. Use a new Idempotency-Key for another image.`,
  )
}

/** Which apps have deduplication, and how long each image is kept. */
export interface Deduplication {
  isEnabled: (app: AppId) => boolean | Promise<boolean>
  retention: Retention
  /** Called if S3 failed to keep an accepted image for its bytes: the same bytes will be another image. */
  onUnremembered: (image: ImageRef, error: Error) => void
}

/**
 * Like `storeOnce`, unless an earlier image of the app has the same bytes and can answer for this one: see
 * decisions/0017-deduplication.md.
 *
 * @throws ProblemError `idempotency-key-reused`, `storage-unavailable`
 */
export async function storeUnlessKnown(
  bucket: Bucket,
  { retention, onUnremembered }: Deduplication,
  image: Original,
  bytes: Uint8Array,
): Promise<Acceptance> {
  const known = await findKnownBytes(bucket, image)
  const earlier = known?.imageId && (await findAnswer(bucket, retention, image, known.imageId))
  if (earlier) return { image: earlier, replayed: false, duplicate: true }
  const acceptance = await storeOnce(bucket, image, bytes)
  if (known && acceptance.replayed) return acceptance
  try {
    await rememberUnlessErased(bucket, image, known)
  } catch (error) {
    // Accepted means stored: a client without a key that is refused now sends the image again, as another one.
    onUnremembered({ app: image.app, imageId: image.imageId }, error as Error)
  }
  return acceptance
}

/** An erasure that ran meanwhile may have deleted the entry for the bytes before this wrote it again. */
async function rememberUnlessErased(
  bucket: Bucket,
  image: HashedImage,
  known: KnownBytes | undefined,
): Promise<void> {
  await rememberBytes(bucket, image, known)
  const found = await getDocument(bucket, image)
  if (found?.document?.status === 'erased') await forgetBytes(bucket, image)
}

/**
 * The earlier image, if it can answer for this one: its original is stored and has not expired, and it is queued or
 * processed. An image that failed, was erased, has expired or cannot be read cannot answer. If this image itself was
 * already accepted, none can.
 */
async function findAnswer(
  bucket: Bucket,
  retention: Retention,
  image: HashedImage,
  imageId: ImageRef['imageId'],
): Promise<Original | undefined> {
  const earlier = { app: image.app, imageId }
  if (imageId === image.imageId) return undefined
  const [original, found, own] = await Promise.all([
    findOriginal(bucket, earlier),
    getDocument(bucket, earlier),
    findOriginal(bucket, image),
  ])
  const answers = found === undefined || found.document?.status === 'processed'
  if (own || !answers || original?.sha256 !== image.sha256) return undefined
  if (isPastDeadline(retention, original, 'input')) return undefined
  return { ...original, sha256: image.sha256 }
}
