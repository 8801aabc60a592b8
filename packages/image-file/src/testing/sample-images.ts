import { crc32 } from 'node:zlib'
import type { ImageType } from '@darkroom/core'
import sharp, { type Sharp } from 'sharp'

/** A valid image of 24 × 16 pixels. */
const picture = (): Sharp =>
  sharp({ create: { width: 24, height: 16, channels: 3, background: '#c84' } }).composite([
    { input: { create: { width: 7, height: 5, channels: 4, background: '#06ac' } }, left: 3, top: 4 },
  ])

const frames = Buffer.concat([0, 90, 200].map((shade) => Buffer.alloc(24 * 16 * 3, shade)))

const animated = () => sharp(frames, { raw: { width: 24, height: 48, channels: 3, pageHeight: 16 } })

/** HEIC needs a decoder and has its own samples. */
export type UsualType = Exclude<ImageType, 'image/heic'>

/** One image of each type that is always accepted. */
export const SAMPLES: Record<UsualType, Buffer> = {
  'image/jpeg': await picture().jpeg().toBuffer(),
  'image/png': await picture().png().toBuffer(),
  'image/webp': await picture().webp({ lossless: true }).toBuffer(),
  'image/gif': await picture().gif().toBuffer(),
  'image/avif': await picture().avif({ effort: 0 }).toBuffer(),
}

/** Other encodings of the same types. */
export const VARIANTS: [string, ImageType, Buffer][] = [
  ['a progressive JPEG', 'image/jpeg', await picture().jpeg({ progressive: true }).toBuffer()],
  ['a grey JPEG', 'image/jpeg', await picture().greyscale().jpeg().toBuffer()],
  ['a CMYK JPEG', 'image/jpeg', await picture().toColorspace('cmyk').jpeg().toBuffer()],
  ['a JPEG with EXIF', 'image/jpeg', await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
  ['an interlaced PNG', 'image/png', await picture().png({ progressive: true }).toBuffer()],
  ['a PNG with a palette', 'image/png', await picture().png({ palette: true }).toBuffer()],
  ['a lossy WebP', 'image/webp', await picture().webp().toBuffer()],
  ['a WebP with transparency', 'image/webp', await picture().ensureAlpha(0.5).webp().toBuffer()],
  [
    'an animated WebP',
    'image/webp',
    await animated()
      .webp({ loop: 0, delay: [99, 99, 99] })
      .toBuffer(),
  ],
  [
    'an animated GIF',
    'image/gif',
    await animated()
      .gif({ loop: 0, delay: [99, 99, 99] })
      .toBuffer(),
  ],
]

/** Changes the dimensions in a sample's header, and its checksum. */
export const CLAIMING: Record<UsualType, (width: number, height: number) => Buffer> = {
  'image/jpeg': (width, height) => {
    const { bytes, at } = sampleWith('image/jpeg', Buffer.from([0xff, 0xc0]))
    bytes.writeUInt16BE(height, at + 5)
    bytes.writeUInt16BE(width, at + 7)
    return bytes
  },
  'image/png': (width, height) => {
    const { bytes, at } = sampleWith('image/png', Buffer.from('IHDR'))
    bytes.writeUInt32BE(width, at + 4)
    bytes.writeUInt32BE(height, at + 8)
    bytes.writeUInt32BE(crc32(bytes.subarray(at, at + 17)), at + 17)
    return bytes
  },
  'image/webp': (width, height) => {
    const { bytes, at } = sampleWith('image/webp', Buffer.from('VP8L'))
    bytes.writeUInt32LE(((width - 1) | ((height - 1) << 14)) >>> 0, at + 9)
    return bytes
  },
  'image/gif': (width, height) => {
    const { bytes, at } = sampleWith('image/gif', Buffer.from('GIF8'))
    bytes.writeUInt16LE(width, at + 6)
    bytes.writeUInt16LE(height, at + 8)
    return bytes
  },
  'image/avif': (width, height) => {
    const { bytes, at } = sampleWith('image/avif', Buffer.from('ispe'))
    bytes.writeUInt32BE(width, at + 8)
    bytes.writeUInt32BE(height, at + 12)
    return bytes
  },
}

function sampleWith(type: UsualType, mark: Buffer): { bytes: Buffer; at: number } {
  const bytes = Buffer.from(SAMPLES[type])
  const at = bytes.indexOf(mark)
  if (at === -1) throw new Error(`no ${mark} in the ${type}`)
  return { bytes, at }
}
