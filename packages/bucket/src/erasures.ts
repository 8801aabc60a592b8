import {
  ERASING_PREFIX,
  type ErasureRef,
  erasureKey,
  erasurePrefix,
  type ImageRef,
  parseErasureKey,
} from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { deleteObject, getText, listObjects, listPage, putObject } from './objects.ts'

/** An erasure that is not complete: from before its receipt is written until nothing is left of the image. */
export interface PendingErasure extends ErasureRef {
  /** When it began. AWS rounds it to seconds. */
  begun: Date
}

/** Marks an image as being erased. @param by the credential, for the receipt */
export function beginErasure(bucket: Bucket, erasure: ErasureRef, by: string): Promise<void> {
  return putObject(bucket, erasureKey(erasure), { Body: by, ContentType: 'text/plain' })
}

/** Removes the mark: nothing is left of the image, or it is not erased after all. */
export function endErasure(bucket: Bucket, erasure: ErasureRef): Promise<void> {
  return deleteObject(bucket, erasureKey(erasure))
}

/** The credential that asked for the erasure; undefined if the erasure has ended. */
export async function findEraser(bucket: Bucket, erasure: ErasureRef): Promise<string | undefined> {
  return (await getText(bucket, erasureKey(erasure)))?.text
}

/** Whether an erasure of the image is not complete. */
export async function isErasing(bucket: Bucket, image: ImageRef): Promise<boolean> {
  return (await listPage(bucket, erasurePrefix(image), { limit: 1 })).objects.length > 0
}

/** All erasures that are not complete. */
export async function* listErasures(bucket: Bucket): AsyncGenerator<PendingErasure> {
  for await (const { key, written } of listObjects(bucket, ERASING_PREFIX)) {
    const erasure = parseErasureKey(key)
    if (erasure) yield { ...erasure, begun: written }
  }
}
