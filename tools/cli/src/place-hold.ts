import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import {
  claimKey,
  heldPrefix,
  holdKey,
  type ImageRef,
  inputKey,
  MetadataDocument,
  metadataKey,
  processedPrefix,
} from '@darkroom/core'
import type { Store } from './open-store.ts'

export interface Hold {
  placedAt: string
  reason: string
}

/**
 * Places a hold and copies all that is there of the image to where no lifecycle rule deletes it. From the first write on
 * it cannot be erased. Doing it again copies what has come since.
 *
 * @returns how many objects are kept
 * @throws Error if nothing is there to be kept
 */
export async function placeHold(store: Store, image: ImageRef, hold: Hold): Promise<number> {
  await put(store, holdKey(image), JSON.stringify(hold))
  const keys = await storedKeys(store, image)
  await Promise.all(keys.map((key) => copy(store, key, heldPrefix(image) + key)))
  // An erasure that had begun before the hold was there wins.
  if (keys.length > 0 && !(await isErased(store, image))) return keys.length
  await releaseHold(store, image)
  throw new Error(
    'Nothing of this image is there to be kept, or it has been erased. Check its id and its app.',
  )
}

async function isErased({ s3, bucket }: Store, image: ImageRef): Promise<boolean> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: metadataKey(image) }))
    const document = MetadataDocument.parse(JSON.parse((await Body?.transformToString()) ?? ''))
    return document.status === 'erased'
  } catch (error) {
    if (error instanceof NoSuchKey) return false
    throw error
  }
}

/** @returns how many copies were deleted */
export async function releaseHold(store: Store, image: ImageRef): Promise<number> {
  const copies = (await listKeys(store, heldPrefix(image))).filter((key) => key !== holdKey(image))
  // The hold itself last: a release that stops half-way can be repeated.
  for (const key of [...copies, holdKey(image)]) await remove(store, key)
  return copies.length
}

async function storedKeys(store: Store, image: ImageRef): Promise<string[]> {
  const single = [metadataKey(image), inputKey(image), claimKey(image)]
  const there = await Promise.all(single.map((key) => isThere(store, key)))
  return [...single.filter((_, index) => there[index]), ...(await listKeys(store, processedPrefix(image)))]
}

async function listKeys({ s3, bucket }: Store, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { Contents = [] } of paginateListObjectsV2(
    { client: s3 },
    { Bucket: bucket, Prefix: prefix },
  )) {
    keys.push(...Contents.map(({ Key = '' }) => Key))
  }
  return keys
}

async function isThere({ s3, bucket }: Store, key: string): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
    return true
  } catch (error) {
    if (error instanceof NotFound) return false
    throw error
  }
}

const put = ({ s3, bucket }: Store, Key: string, Body: string) =>
  s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType: 'application/json' }))
/** With its metadata. Keys of images need no encoding. */
const copy = ({ s3, bucket }: Store, from: string, Key: string) =>
  s3.send(
    new CopyObjectCommand({ Bucket: bucket, Key, CopySource: `${bucket}/${from.replaceAll('=', '%3D')}` }),
  )
const remove = ({ s3, bucket }: Store, Key: string) =>
  s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
