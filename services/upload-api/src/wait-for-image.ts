import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageRef } from '@darkroom/core'
import { type FoundImage, findDocument, findImage } from './find-image.ts'

/** Milliseconds between two looks: often at first, when most images finish, and seldom later. */
const EAGER_INTERVAL = 100
const PATIENT_INTERVAL = 400
const EAGER_FOR = 3_000

/**
 * Where an image stands once it is finished, or after `seconds` if it is not by then. While it waits it
 * makes one small request to S3 at a time, and keeps no connection registry.
 */
export async function waitForImage(image: ImageRef, seconds: number): Promise<FoundImage> {
  const start = Date.now()
  const found = await findImage(image)
  if (found.state === 'finished') return found
  while (Date.now() - start < seconds * 1000) {
    const interval = Date.now() - start < EAGER_FOR ? EAGER_INTERVAL : PATIENT_INTERVAL
    await sleep(Math.min(interval, Math.max(0, start + seconds * 1000 - Date.now())))
    const document = await findDocument(image)
    if (document) return { state: 'finished', document }
  }
  return found
}
