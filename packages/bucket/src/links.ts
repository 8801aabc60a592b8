import { createHash } from 'node:crypto'
import { findOwner, type ImageRef, linkKey, linkPrefix } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { deleteObjects, getText, listKeys, putObject } from './objects.ts'

/** A stored reference from an image to an object elsewhere that has bytes of it. */
export interface Link {
  /** Its own key. */
  key: string
  /** The key of that object. */
  target: string
}

/**
 * Remembers that an object has bytes of the image: a claim under a name of the app's choice, or a rejected Kafka record. Call
 * it before that object is written or used, so that an erasure finds it.
 */
export function linkObject(bucket: Bucket, image: ImageRef, target: string): Promise<void> {
  return putObject(bucket, keyOf(image, target), { Body: target, ContentType: 'text/plain' })
}

function keyOf(image: ImageRef, target: string): string {
  return linkKey({ ...image, sha256: createHash('sha256').update(target).digest('hex') })
}

/** The links of an image. One that names what it may not is left out: an erasure deletes what links name. */
export async function listLinks(bucket: Bucket, image: ImageRef): Promise<Link[]> {
  const links: Link[] = []
  for (const key of await listKeys(bucket, linkPrefix(image))) {
    const target = (await getText(bucket, key))?.text
    if (target === undefined) continue
    if (key === keyOf(image, target) && mayName(image, target)) links.push({ key, target })
    else bucket.onUnreadable?.(key, 'it names an object that a link may not name')
  }
  return links
}

function mayName({ app }: ImageRef, target: string): boolean {
  const owner = findOwner(target)
  return owner?.place === 'rejected' || (owner?.place === 'claims' && owner.app === app)
}

/**
 * Deletes what the links of an image name, then the links.
 *
 * @param written what the caller has just written: another call may have deleted its link before that
 */
export async function deleteLinked(bucket: Bucket, image: ImageRef, written: string): Promise<void> {
  const links = await listLinks(bucket, image)
  await deleteObjects(bucket, [...new Set([...links.map(({ target }) => target), written])])
  await deleteObjects(
    bucket,
    links.map(({ key }) => key),
  )
}
