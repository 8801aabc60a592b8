import {
  type Bucket,
  findOriginal,
  getDocument,
  listPendingParts,
  listStored,
  type StoredObject,
} from '@darkroom/bucket'
import {
  type AppId,
  type ImageId,
  ownerOf,
  parseInputKey,
  parseMetadataKey,
  parseUploadKey,
  storedPrefix,
} from '@darkroom/core'
import pMap from 'p-map'

const CONCURRENCY = 20

/** The images of an uploader. */
export interface ImagesOf {
  /** With the furthest place where one was found: `upload`, `original`, or the status of its document. */
  found: Map<ImageId, string>
  /** Documents that cannot be read, of images without an original: nobody can tell whose they are. */
  unreadable: ImageId[]
  /** How many objects were looked at. */
  looked: number
}

/**
 * Finds all images of an uploader in the bucket: uploads that are not completed, originals, documents. An image moves in this
 * order, so that one that moves meanwhile is found later. One request for each image, and one for each thousand objects. Receipts of
 * erasures have no uploader.
 */
export async function findImagesOf(bucket: Bucket, app: AppId, uploader: string): Promise<ImagesOf> {
  const result: ImagesOf = { found: new Map(), unreadable: [], looked: 0 }
  const owner = ownerOf(uploader)
  const lookAtUpload = ({ key }: { key: string }) => {
    result.looked += 1
    const upload = parseUploadKey(key)
    if (upload?.owner === owner) result.found.set(upload.imageId, 'upload')
  }
  for await (const upload of listStored(bucket, 'uploads', app)) lookAtUpload(upload)
  for await (const upload of listPendingParts(bucket, storedPrefix('uploads', app))) lookAtUpload(upload)

  const known = new Set<ImageId>()
  await forEach(listStored(bucket, 'input', app), async ({ key }) => {
    result.looked += 1
    const image = parseInputKey(key)
    const original = image && (await findOriginal(bucket, image))
    if (!original) return
    known.add(image.imageId)
    if (original.uploader === uploader) result.found.set(image.imageId, 'original')
  })
  await forEach(listStored(bucket, 'metadata', app), async ({ key }) => {
    result.looked += 1
    const image = parseMetadataKey(key)
    if (!image || known.has(image.imageId)) return
    const found = await getDocument(bucket, image)
    if (found?.unreadable !== undefined) result.unreadable.push(image.imageId)
    const document = found?.document
    if (document && 'uploader' in document && document.uploader === uploader)
      result.found.set(image.imageId, document.status)
  })
  return result
}

async function forEach(objects: AsyncGenerator<StoredObject>, look: (object: StoredObject) => Promise<void>) {
  await pMap(objects, look, { concurrency: CONCURRENCY })
}
