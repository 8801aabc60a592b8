import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import sharp from 'sharp'

/** A photograph of 6 megapixels, 717 KB, with a camera's EXIF. */
export const PHOTOGRAPH = await readFile(
  new URL('../node_modules/jpeg-exif/test/IMG_0001.JPG', import.meta.url),
)

/** The same with 480 × 480 pixels, a 26th of them, because each is decoded, resized and encoded. */
export const SMALL_PHOTOGRAPH: Buffer<ArrayBuffer> = await sharp(PHOTOGRAPH)
  .resize(480)
  .keepExif()
  .jpeg()
  .toBuffer()

/** A JPEG as large as this, and developed like a small one: random bytes follow its end. Compare hashes to see that it arrived whole. */
export function largeFile(bytes: number): Buffer<ArrayBuffer> {
  return Buffer.concat([SMALL_PHOTOGRAPH, randomBytes(bytes - SMALL_PHOTOGRAPH.length)])
}
