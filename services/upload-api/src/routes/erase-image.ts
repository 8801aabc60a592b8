import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import {
  claimKey,
  type ErasedDocument,
  holdKey,
  type ImageRef,
  inputKey,
  MetadataDocument,
  metadataKey,
  ProblemError,
  processedPrefix,
  timeOf,
  uploadPrefix,
} from '@darkroom/core'
import { forgetBytes } from '@darkroom/intake'
import { s3 } from '../clients.ts'
import { env } from '../environment.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { requireImage } from '../http/request.ts'
import { listKeys } from '../list-keys.ts'
import { orUnavailable } from '../or-unavailable.ts'
import { type FoundImage, findImage } from '../status/find-image.ts'
import { toImageStatus } from '../status/to-image-status.ts'
import { abortUpload, stagedKeys } from '../uploads/staged-upload.ts'
import { listBegun } from '../uploads/upload-parts.ts'

const ATTEMPTS = 5
/** A preset has a handful of variants. */
const MOST_VARIANTS = 1000

/**
 * `DELETE /v1/images/{id}`: the receipt is written first, in the place of the metadata document, and the objects go
 * after it. From then on nothing can commit over it: whatever the processor is making of the image, it deletes.
 */
export const handler = apiHandler(async (event) => {
  const image = requireImage(event)
  const credential = event.requestContext.authorizer.lambda.credential ?? ''
  const receipt = await orUnavailable(
    erase(image, credential),
    'The image could not be erased. Try again in a moment; repeating the request is safe.',
  )
  return jsonAnswer(200, await toImageStatus({ state: 'finished', document: receipt }))
})

/** Again where it is erased already: what a first try left half-way goes as well, and the receipt is the first one's. */
async function erase(image: ImageRef, credential: string): Promise<ErasedDocument> {
  for (let attempt = 1; ; attempt++) {
    const [earlier, keys, uploads] = await Promise.all([
      readDocument(image),
      storedKeys(image),
      listBegun(uploadPrefix(image)),
    ])
    if (earlier?.document.status !== 'erased') {
      await requireNoHold(image)
      if (earlier || !isOnlySent(image, keys, uploads)) await forget(image, await findImage(image))
    }
    const receipt =
      earlier?.document.status === 'erased' ? earlier.document : receiptOf(image, credential, keys)
    try {
      if (receipt !== earlier?.document) await putReceipt(image, receipt, earlier?.etag)
      await Promise.all([
        ...keys.map((Key) => s3.send(new DeleteObjectCommand({ Bucket: env.BUCKET, Key }))),
        ...uploads.map(abortUpload),
      ])
      return receipt
    } catch (error) {
      if (!isLostRace(error) || attempt === ATTEMPTS) throw error
    }
  }
}

/** Before the receipt, which says nothing of the bytes any more. Without it the same bytes are but a new image. */
async function forget(image: ImageRef, found: FoundImage): Promise<void> {
  const sha256 = sha256Of(found)
  if (sha256 !== undefined) await forgetBytes(s3, env.BUCKET, { ...image, sha256 })
}

function sha256Of(found: FoundImage): string | undefined {
  if (found.state === 'queued') return found.input.sha256
  return found.document.status === 'erased' ? undefined : found.document.sha256
}

function receiptOf({ app, imageId }: ImageRef, credential: string, keys: string[]): ErasedDocument {
  return {
    schema_version: 1,
    image_id: imageId,
    app,
    accepted_at: timeOf(imageId).toISOString(),
    status: 'erased',
    erased_at: new Date().toISOString(),
    erased_by: credential,
    erased_objects: keys.length,
  }
}

/** What was only sent to S3 so far is no image yet, and goes all the same. */
function isOnlySent(image: ImageRef, keys: string[], uploads: unknown[]): boolean {
  return keys.length + uploads.length > 0 && keys.every((key) => key.startsWith(uploadPrefix(image)))
}

/** @throws ProblemError `legal-hold` */
async function requireNoHold(image: ImageRef): Promise<void> {
  const held = await ifStored(holdKey(image))
  if (held.length === 0) return
  throw new ProblemError(
    'legal-hold',
    'The image is under a legal hold and cannot be erased. Try again after the operator has released it.',
  )
}

/** The original, the copy that a Kafka event referred to, what was sent to S3, and the variants. */
async function storedKeys(image: ImageRef): Promise<string[]> {
  const [variants, sent, ...originals] = await Promise.all([
    listKeys(processedPrefix(image), MOST_VARIANTS, undefined),
    stagedKeys(image),
    ifStored(inputKey(image)),
    ifStored(claimKey(image)),
  ])
  return [...originals.flat(), ...sent, ...variants]
}

async function ifStored(key: string): Promise<string[]> {
  try {
    await s3.send(new HeadObjectCommand({ Bucket: env.BUCKET, Key: key }))
    return [key]
  } catch (error) {
    if (error instanceof NotFound) return []
    throw error
  }
}

async function readDocument(image: ImageRef) {
  try {
    const get = new GetObjectCommand({ Bucket: env.BUCKET, Key: metadataKey(image) })
    const { Body, ETag: etag } = await s3.send(get)
    return { document: MetadataDocument.parse(JSON.parse((await Body?.transformToString()) ?? '')), etag }
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined
    throw error
  }
}

/** Only over what was read before (see "Conditional writes" in the S3 user guide). */
async function putReceipt(image: ImageRef, receipt: ErasedDocument, etag: string | undefined): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: env.BUCKET,
      Key: metadataKey(image),
      Body: `${JSON.stringify(receipt)}\n`,
      ContentType: 'application/json',
      ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
    }),
  )
}

/** 412: the condition did not hold; 409: two writers at once; 404: what was to be replaced is gone. */
function isLostRace(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  return status === 412 || status === 409 || status === 404
}
