import type { ImageRef } from '@darkroom/core'
import { type FoundImage, findDocument, findImage } from './find-image.ts'
import { looks } from './looks.ts'

/**
 * Where an image stands once it is finished, or after `seconds` if it is not by then. While it waits it
 * makes one small request to S3 at a time, and keeps no connection registry.
 */
export async function waitForImage(image: ImageRef, seconds: number): Promise<FoundImage> {
  const found = await findImage(image)
  if (found.state === 'finished') return found
  for await (const _ of looks(seconds)) {
    const document = await findDocument(image)
    if (document) return { state: 'finished', document }
  }
  return found
}
