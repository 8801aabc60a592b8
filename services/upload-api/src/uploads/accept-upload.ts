import {
  completeMultipartUpload,
  discardUploads,
  hasHash,
  listMultipartUploads,
  listParts,
  listStagedUploads,
  readUploadDetails,
  type StagedUpload,
  type UploadedPart,
} from '@darkroom/bucket'
import { type ImageRef, ownerOf, ProblemError } from '@darkroom/core'
import { enqueueAccepted } from '@darkroom/intake'
import { bucket } from '../clients.ts'
import type { AnsweredImage } from '../http/answer.ts'
import { type Allowance, requireAllowed, requireAllowedBytes, type SoughtImage } from '../http/caller.ts'
import { acceptImage, imageQueue } from '../intake.ts'
import { limiter } from '../limits.ts'
import { findImageOrUndefined, findNamed } from '../status/find-image.ts'
import { isWhole, partCount } from './multipart.ts'
import { requireUsableId } from './replays.ts'

export interface AcceptedUpload {
  image: AnsweredImage
  /** Whether it was accepted before. */
  replayed: boolean
}

/**
 * Accepts a direct upload: checks it, copies it to the originals create-once, and deletes the upload. Repeated and parallel
 * calls have the same result. An upload that is refused is deleted too, but not if only the credential of this request does not
 * allow it: then another one can complete it.
 *
 * @throws ProblemError as `acceptImage`, `requireUsableId` and `requireAllowed` do, `upload-incomplete`, `not-found`
 */
export async function acceptUpload(
  { uploader, ...image }: SoughtImage,
  allowance: Allowance = {},
): Promise<AcceptedUpload> {
  const owner = uploader === undefined ? undefined : ownerOf(uploader)
  if (owner !== undefined && !(await isOwned({ ...image, uploader }, owner))) throw nothingStored()
  await requireUsable(image)
  const accepted =
    (await acceptStaged(image, allowance, owner)) ?? (await acceptAgain({ ...image, uploader }, allowance))
  if (accepted) return accepted
  // It may have been erased meanwhile.
  await requireUsable(image)
  throw nothingStored()
}

/** Whether the uploader has sent this image, or has begun to. */
async function isOwned(image: SoughtImage, owner: string): Promise<boolean> {
  const isOwn = (upload: StagedUpload) => upload.owner === owner
  if (await findWhole(image, owner)) return true
  if ((await listMultipartUploads(bucket, image)).some(isOwn)) return true
  // A parallel call may have completed it meanwhile.
  if (await findWhole(image, owner)) return true
  return (await findImageOrUndefined(image, findNamed)) !== undefined
}

function nothingStored(): ProblemError {
  return new ProblemError(
    'not-found',
    'Nothing is stored for this upload: its bytes were never sent, were refused, or have expired. Start again with POST /v1/uploads.',
  )
}

/** What was sent for an image that is gone is deleted. */
async function requireUsable(image: ImageRef): Promise<void> {
  try {
    await requireUsableId(image)
  } catch (error) {
    if (error instanceof ProblemError && !isTransient(error)) await discardUploads(bucket, image)
    throw error
  }
}

/** Undefined if there is no upload, or a parallel call has just accepted it. */
async function acceptStaged(
  image: ImageRef,
  allowance: Allowance,
  owner?: string,
): Promise<AcceptedUpload | undefined> {
  const upload = await findStaged(image, owner)
  const details = upload && (await readDetails(upload))
  if (!details) return undefined
  const { key, bytes } = upload
  requireAllowedBytes(bytes, allowance.maxBytes)
  const allowedTypes = typesAllowedByBoth(details.allowedTypes, allowance.contentTypes)
  try {
    const admit = ({ pixels }: { pixels: number }) => limiter.addPixels(image.app, pixels)
    const stored = { key, bytes }
    const acceptance = await acceptImage({ ...details, ...image, allowedTypes, stored, admit })
    await discardUploads(bucket, image)
    return acceptance
  } catch (error) {
    if (!(error instanceof ProblemError) || isTransient(error)) throw error
    if (error.slug === 'source-expired') return undefined
    if (error.slug === 'unsupported-media-type' && allowance.contentTypes) throw error
    await discardUploads(bucket, image)
    throw error
  }
}

/**
 * Finds the upload of an image. If all parts of a multipart upload are there, it is completed first, so the client need not.
 *
 * @throws ProblemError `upload-incomplete`
 */
async function findStaged(image: ImageRef, owner?: string): Promise<StagedUpload | undefined> {
  const isSought = (upload: StagedUpload) => owner === undefined || upload.owner === owner
  const staged = await findWhole(image, owner)
  if (staged) return staged
  const uploads = await Promise.all(
    (await listMultipartUploads(bucket, image)).filter(isSought).map(async (upload) => ({
      upload,
      parts: await listParts(bucket, upload),
    })),
  )
  let last: { upload: StagedUpload; parts: UploadedPart[] } | undefined
  for (const { upload, parts } of uploads) {
    if (!parts) continue
    if (isWhole(upload.bytes, parts)) {
      await completeMultipartUpload(bucket, upload, parts)
      return upload
    }
    last = { upload, parts }
  }
  if (last) throw incomplete(last.upload, last.parts)
  // A parallel call may have completed it meanwhile.
  return findWhole(image, owner)
}

/** An upload that is one object: sent as a form, or completed from its parts. */
async function findWhole(image: ImageRef, owner?: string): Promise<StagedUpload | undefined> {
  const uploads = await listStagedUploads(bucket, image)
  return uploads.find((upload) => owner === undefined || upload.owner === owner)
}

function incomplete({ bytes }: StagedUpload, parts: UploadedPart[]): ProblemError {
  return new ProblemError(
    'upload-incomplete',
    `Only ${parts.length} of ${partCount(bytes)} parts have arrived. Send the missing parts, then complete the upload again.`,
  )
}

/** Undefined if any type is allowed. */
function typesAllowedByBoth(one: readonly string[] | undefined, other: readonly string[] | undefined) {
  return one && other ? one.filter((type) => other.includes(type)) : (one ?? other)
}

/** What the client declared before the upload. */
async function readDetails(upload: StagedUpload) {
  const found = await readUploadDetails(bucket, upload)
  if (!found) return undefined
  const { sha256, contentType, ...metadata } = found
  return { ...metadata, declaredType: contentType, declaredSha256: sha256 }
}

/** Answers for an accepted image. If it is queued, its message is sent again, because the first one may have been lost. */
async function acceptAgain(image: SoughtImage, allowance: Allowance): Promise<AcceptedUpload | undefined> {
  const found = await findImageOrUndefined(image, findNamed)
  if (found?.state === 'queued' && hasHash(found.original)) {
    requireAllowed(allowance, found.original)
    await enqueueAccepted(imageQueue, found.original)
    return { image: found.original, replayed: true }
  }
  if (found?.state !== 'finished' || found.document.status === 'erased') return undefined
  const { document } = found
  const { accepted_at: acceptedAt, content_type: contentType, bytes, sha256 } = document
  if (!contentType || bytes === undefined || !sha256) return undefined
  requireAllowed(allowance, { bytes, contentType })
  return { image: { imageId: image.imageId, acceptedAt, contentType, bytes, sha256 }, replayed: true }
}

/** Unlike `retryable`, false for a wrong checksum: completing the same bytes again cannot succeed. */
function isTransient({ status }: ProblemError): boolean {
  return status >= 500
}
