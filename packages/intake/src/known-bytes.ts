import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import {
  type AppId,
  fromUserMetadata,
  hashKey,
  ImageId,
  type ImageRef,
  ImageType,
  inputKey,
  MetadataDocument,
  metadataKey,
} from '@darkroom/core'
import { isPastDeadline, type Retention } from '@darkroom/retention'
import type { AcceptedImage } from './accepted-image.ts'

/** Whose images answer for the same bytes that come again, and how long each is kept. */
export interface Deduplication {
  apps: AppId[]
  retention: Retention
}

/** An image with the hash of its bytes, in hex. */
export type HashedImage = ImageRef & Pick<AcceptedImage, 'sha256'>

/** What `hashes/` says of some bytes: which image had them first, by the version that says so. */
export interface KnownBytes {
  imageId: ImageId
  etag: string | undefined
}

/** Undefined where nobody has remembered these bytes. */
export async function findKnownBytes(
  s3: S3Client,
  bucket: string,
  { app, sha256 }: HashedImage,
): Promise<KnownBytes | undefined> {
  try {
    const { Body, ETag } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: hashKey({ app, sha256 }) }),
    )
    return { imageId: ImageId.parse(await Body?.transformToString()), etag: ETag }
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined
    throw error
  }
}

/**
 * The earlier image, if it can answer for this one: its original is there and within its time, and it waits or is
 * processed. One that failed, was erased or has expired cannot; nor can any for an image that has itself been accepted.
 */
export async function findAnswer(
  s3: S3Client,
  bucket: string,
  retention: Retention,
  image: HashedImage,
  { imageId }: KnownBytes,
): Promise<AcceptedImage | undefined> {
  const earlier = { app: image.app, imageId }
  if (imageId === image.imageId || isPastDeadline(retention, earlier, 'input')) return undefined
  const [original, status, own] = await Promise.all([
    findOriginal(s3, bucket, earlier),
    findStatus(s3, bucket, earlier),
    findOriginal(s3, bucket, image),
  ])
  const answers = status === undefined || status === 'processed'
  return own === undefined && answers && original?.sha256 === image.sha256 ? original : undefined
}

/** Unless somebody else has remembered these bytes since `known` was read: then theirs is as good. */
export async function rememberBytes(
  s3: S3Client,
  bucket: string,
  image: HashedImage,
  known: KnownBytes | undefined,
): Promise<void> {
  const condition = known ? { IfMatch: known.etag } : { IfNoneMatch: '*' }
  const put = { Bucket: bucket, Key: hashKey(image), Body: image.imageId, ContentType: 'text/plain' }
  try {
    await s3.send(new PutObjectCommand({ ...put, ...condition }))
  } catch (error) {
    if (!isLostRace(error)) throw error
  }
}

/** When an image is erased, what says that it had these bytes goes as well. */
export async function forgetBytes(s3: S3Client, bucket: string, image: HashedImage): Promise<void> {
  const known = await findKnownBytes(s3, bucket, image)
  if (known?.imageId !== image.imageId) return
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: hashKey(image) }))
}

async function findOriginal(
  s3: S3Client,
  bucket: string,
  image: ImageRef,
): Promise<AcceptedImage | undefined> {
  try {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: inputKey(image) }))
    return {
      ...fromUserMetadata(head.Metadata),
      imageId: image.imageId,
      contentType: ImageType.parse(head.ContentType),
      bytes: head.ContentLength ?? 0,
    }
  } catch (error) {
    if (error instanceof NotFound) return undefined
    throw error
  }
}

async function findStatus(
  s3: S3Client,
  bucket: string,
  image: ImageRef,
): Promise<MetadataDocument['status'] | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: metadataKey(image) }))
    return MetadataDocument.parse(JSON.parse(String(await Body?.transformToString()))).status
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined
    throw error
  }
}

/** 412: the condition did not hold; 409: two writers at once; 404: what was to be replaced is gone. */
function isLostRace(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  return status === 412 || status === 409 || status === 404
}
