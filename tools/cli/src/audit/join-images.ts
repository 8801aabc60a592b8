import {
  type Bucket,
  listObjects,
  listPendingParts,
  type PendingParts,
  type StoredObject,
} from '@darkroom/bucket'
import { findOwner, type ImageRef, imagePrefix, PLACES, type Place, placePrefix } from '@darkroom/core'
import { pathOf } from './statuses.ts'

/** Everything that is stored under keys with one image's id. */
export interface GatheredImage {
  image: ImageRef
  objects: Partial<Record<Place, StoredObject[]>>
  parts: PendingParts[]
}

/** An object in a place of images whose key names no image. */
export interface Loose {
  loose: StoredObject
}

type Found = { image: ImageRef } & ({ place: Place; object: StoredObject } | { parts: PendingParts })

/** The places whose keys contain the image, so that their listings are in the same order. */
const ANY_IMAGE = { app: 'a', imageId: '00000000-0000-7000-8000-000000000000' }
const JOINED = PLACES.filter((place) => imagePrefix(place, ANY_IMAGE) !== undefined)

/**
 * Reads the listings of all places side by side, as they are all sorted by app, date and image, and gathers what belongs to
 * each image. Only one image is in memory, whatever the size of the bucket.
 *
 * @param after the path of the last image that is left out
 */
export async function* gatherImages(
  bucket: Bucket,
  after: string | undefined,
): AsyncGenerator<GatheredImage | Loose> {
  const streams = [
    ...JOINED.map((place) => foundIn(bucket, place, after)),
    partsIn(bucket, after && `uploads/${after}`),
  ].map((stream) => readAhead(stream))
  const heads: (Found | undefined)[] = []
  for (const stream of streams) heads.push(yield* nextFound(stream))
  for (;;) {
    const [first] = heads.flatMap((head) => (head ? pathOf(head.image) : [])).toSorted(byCodeUnit)
    if (first === undefined) return
    const own: Found[] = []
    for (const [index, stream] of streams.entries()) {
      for (let head = heads[index]; head && pathOf(head.image) === first; head = heads[index]) {
        own.push(head)
        heads[index] = yield* nextFound(stream)
      }
    }
    yield* gather(own)
  }
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What is stored for one image now. */
export async function gatherImage(bucket: Bucket, image: ImageRef): Promise<GatheredImage> {
  const own: Found[] = []
  for (const place of JOINED) {
    for await (const object of listObjects(bucket, imagePrefix(place, image) ?? '')) {
      if (findOwner(object.key)?.imageId === image.imageId) own.push({ image, place, object })
    }
  }
  for await (const parts of listPendingParts(bucket, imagePrefix('uploads', image)))
    own.push({ image, parts })
  return gather(own)[0] ?? { image, objects: {}, parts: [] }
}

function gather(own: Found[]): GatheredImage[] {
  const [first] = own
  if (!first) return []
  const objects: GatheredImage['objects'] = {}
  const parts: PendingParts[] = []
  for (const found of own) {
    if ('parts' in found) parts.push(found.parts)
    else objects[found.place] = [...(objects[found.place] ?? []), found.object]
  }
  return [{ image: first.image, objects, parts }]
}

async function* foundIn(bucket: Bucket, place: Place, after?: string): AsyncGenerator<Found | Loose> {
  const prefix = placePrefix(place)
  for await (const object of listObjects(bucket, prefix, after && startAfter(place, after))) {
    const image = imageOf(object.key)
    yield image ? { image, place, object } : { loose: object }
  }
}

/** After all keys of an image: the character after the slash. */
function startAfter(place: Place, path: string): string {
  return `${placePrefix(place)}${place === 'metadata' ? metadataPath(path) : path}0`
}

function metadataPath(path: string): string {
  const [app, date, imageId] = path.split('/')
  return `app=${app}/dt=${date}/${imageId}.json`
}

async function* partsIn(bucket: Bucket, after?: string): AsyncGenerator<Found | Loose> {
  for await (const parts of listPendingParts(bucket, '', after && `${after}0`)) {
    const image = parts.key.startsWith(placePrefix('uploads')) ? imageOf(parts.key) : undefined
    if (image) yield { image, parts }
    else yield { loose: { key: parts.key, bytes: 0, etag: '', written: parts.initiated } }
  }
}

function imageOf(key: string): ImageRef | undefined {
  const { app, imageId } = findOwner(key) ?? {}
  return app === undefined || imageId === undefined ? undefined : { app, imageId }
}

async function* nextFound(stream: AsyncIterator<Found | Loose>): AsyncGenerator<Loose, Found | undefined> {
  for (;;) {
    const { done, value } = await stream.next()
    if (done) return undefined
    if (!('loose' in value)) return value
    yield value
  }
}

/** More than S3 returns at once, so that the next request is under way while this page is used. */
const AHEAD = 1_001

/** The same items, asked for in advance. */
async function* readAhead<Item>(items: AsyncGenerator<Item>): AsyncGenerator<Item> {
  const pending: Promise<IteratorResult<Item>>[] = []
  for (;;) {
    while (pending.length < AHEAD) {
      const next = items.next()
      // Reported when it is its turn.
      next.catch(() => {})
      pending.push(next)
    }
    const result = await pending.shift()
    if (!result || result.done) return
    yield result.value
  }
}
