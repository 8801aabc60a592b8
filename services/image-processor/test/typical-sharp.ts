import ExifReader from 'exifreader'
import sharp from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { perceptualHash } from '../src/development/perceptual-hash.ts'

/**
 * The same job as services usually write it: sharp's defaults, everything made from the original, the dominant color from
 * `stats()`. The benchmark's baseline.
 *
 * @returns the total size of the variants in bytes
 */
export async function developTypically(original: Buffer): Promise<number> {
  const large = await fitted(original, 2048).jpeg({ quality: 80 }).toBuffer()
  const medium = await fitted(original, 1024).jpeg({ quality: 80 }).toBuffer()
  const thumb = await fitted(original, 320).webp({ quality: 75 }).toBuffer()
  await describe(original)
  return large.length + medium.length + thumb.length
}

function fitted(original: Buffer, size: number) {
  return sharp(original).autoOrient().resize(size, size, { fit: 'inside', withoutEnlargement: true })
}

async function describe(original: Buffer) {
  const { width, height } = await sharp(original).metadata()
  const { dominant } = await sharp(original).stats()
  const small = await fitted(original, 100).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const thumbhash = rgbaToThumbHash(small.info.width, small.info.height, small.data)
  const hash = perceptualHash({ ...small.info, channels: 4, data: small.data })
  return { width, height, dominant, thumbhash, hash, exif: ExifReader.load(original) }
}
