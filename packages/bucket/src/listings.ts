import {
  AppId,
  DatePartition,
  type ImageId,
  inputKey,
  inputPrefix,
  metadataKey,
  metadataPrefix,
  parseInputKey,
  parseMetadataKey,
  parseProcessedKey,
  processedPrefix,
  type StoredKind,
  storedPrefix,
  type VariantRef,
} from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { listFolders, listObjects, listPage, type StoredObject } from './objects.ts'

/** The two kinds with one object per image, in the order of acceptance: originals and metadata documents. */
export type Listed = 'input' | 'metadata'

export const LISTED = {
  input: { prefixOf: inputPrefix, keyOf: inputKey, parse: parseInputKey },
  metadata: { prefixOf: metadataPrefix, keyOf: metadataKey, parse: parseMetadataKey },
}

/** The images that an app sent on a UTC day. */
export interface AppDay {
  app: AppId
  /** `yyyy-mm-dd` */
  date: string
}

export interface ListedImage {
  imageId: ImageId
  /** When the object was written. AWS rounds it to seconds. */
  written: Date
}

/**
 * One page of a day's originals or documents, with one request to S3.
 *
 * @param limit at most 1,000
 * @returns `next` if there are more: pass it as `after` for the next page
 */
export async function listImagesPage(
  bucket: Bucket,
  kind: Listed,
  { app, date }: AppDay,
  { after, limit }: { after?: ImageId | undefined; limit: number },
): Promise<{ images: ListedImage[]; next: ImageId | undefined }> {
  const { prefixOf, keyOf } = LISTED[kind]
  const from = after && keyOf({ app, imageId: after })
  const { objects, hasMore } = await listPage(bucket, prefixOf(app, date), { after: from, limit })
  const images = objects.flatMap((object) => toListedImage(kind, object))
  return { images, next: hasMore ? images.at(-1)?.imageId : undefined }
}

/** All of a day's originals or documents, or those after an id; S3 lists a thousand per request. */
export async function* listImages(
  bucket: Bucket,
  kind: Listed,
  { app, date }: AppDay,
  after?: ImageId,
): AsyncGenerator<ListedImage> {
  const { prefixOf, keyOf } = LISTED[kind]
  const from = after && keyOf({ app, imageId: after })
  for await (const object of listObjects(bucket, prefixOf(app, date), from)) {
    yield* toListedImage(kind, object)
  }
}

/** All variants of a day's images, or of those after an id. */
export async function* listVariants(
  bucket: Bucket,
  { app, date }: AppDay,
  after?: ImageId,
): AsyncGenerator<VariantRef> {
  const from = after && processedPrefix({ app, imageId: after })
  for await (const { key } of listObjects(bucket, `${storedPrefix('processed', app)}${date}/`, from)) {
    const variant = parseProcessedKey(key)
    if (variant && variant.imageId !== after) yield variant
  }
}

function toListedImage(kind: Listed, { key, written }: StoredObject): ListedImage[] {
  const image = LISTED[kind].parse(key)
  return image ? [{ imageId: image.imageId, written }] : []
}

/** The apps that have originals or documents. */
export async function listApps(bucket: Bucket, kind: Listed): Promise<AppId[]> {
  const folders = await listFolders(bucket, storedPrefix(kind))
  return folders.flatMap((folder) => AppId.safeParse(folder.replace(/^app=/, '')).data ?? [])
}

/** The days on which an app has originals, oldest first. */
export async function listDates(bucket: Bucket, app: AppId): Promise<string[]> {
  const folders = await listFolders(bucket, storedPrefix('input', app))
  return folders.flatMap((folder) => DatePartition.safeParse(folder).data ?? []).toSorted()
}

/** Every object of a kind, or those of one app, sorted by key. */
export function listStored(bucket: Bucket, kind: StoredKind, app?: AppId): AsyncGenerator<StoredObject> {
  return listObjects(bucket, storedPrefix(kind, app))
}
