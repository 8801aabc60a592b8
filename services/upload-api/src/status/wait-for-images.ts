import {
  type AppId,
  dateOf,
  type ImageId,
  metadataKey,
  metadataPrefix,
  parseMetadataKey,
} from '@darkroom/core'
import { listKeys } from '../list-keys.ts'
import { type FoundImage, findDocument, findImageOrGone } from './find-image.ts'
import { looks } from './looks.ts'

/** The most that S3 lists in one request. */
const PAGE = 1000

/**
 * Where images stand, in the order of the ids, once at least one is finished, or after `seconds` if none is by
 * then. Without the ids of which there is no image. The first look takes up to two requests to S3 an image; each
 * later one lists what has been finished since the oldest of them, in one request a day of their ids.
 *
 * @throws ProblemError `storage-unavailable`
 */
export async function waitForImages(
  app: AppId,
  ids: ImageId[],
  seconds: number,
): Promise<Map<ImageId, FoundImage>> {
  const looked = await Promise.all(ids.map((imageId) => findImageOrGone({ app, imageId })))
  const found = new Map<ImageId, FoundImage>()
  for (const [index, id] of ids.entries()) {
    const image = looked[index]
    if (image) found.set(id, image)
  }
  if (found.size === 0 || [...found.values()].some(({ state }) => state === 'finished')) return found
  const days = Object.entries(Object.groupBy([...found.keys()], dateOf))
  const windows = days.map(([date, pending = []]) => openWindow(app, date, pending))
  for await (const _ of looks(seconds)) {
    const finished = (await Promise.all(windows.map((look) => look()))).flat()
    for (const imageId of finished) {
      const document = await findDocument({ app, imageId })
      if (document) found.set(imageId, { state: 'finished', document })
    }
    if (finished.length > 0) break
  }
  return found
}

/**
 * Looks for documents of a day's images, a page of keys at a time. An app with more than a page of images between
 * the oldest and the newest of them has its pages looked at in turn.
 */
function openWindow(app: AppId, date: string, pending: ImageId[]): () => Promise<ImageId[]> {
  const keys = pending.map((imageId) => metadataKey({ app, imageId })).toSorted()
  // The greatest text before the first key: S3 lists what comes after it.
  const start = (keys[0] ?? '').slice(0, -1)
  const end = keys.at(-1) ?? ''
  let from = start
  return async () => {
    const page = await listKeys(metadataPrefix(app, date), PAGE, from)
    const last = page.at(-1) ?? ''
    from = page.length === PAGE && last < end ? last : start
    return page.filter((key) => keys.includes(key)).flatMap((key) => parseMetadataKey(key)?.imageId ?? [])
  }
}
