import { IMAGE_TYPES } from '@darkroom/core'
import { isManifestStore } from '../content-credentials.ts'
import { EmbeddedMetadata } from '../embedded-metadata.ts'
import {
  chunkNames,
  type Fold,
  type Format,
  type Reader,
  type Segment,
  type Size,
  type Structure,
  type Traits,
  walkAll,
} from '../segments.ts'
import { usedPartitions, withShorterPartition } from './vp8.ts'

/** The header of a chunk, and the part of its payload that contains a size. */
const MAX_HEADER_BYTES = 18

const nameOf = chunkNames('VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ANMF', 'ICCP', 'EXIF', 'XMP ', 'XMP\0', 'C2PA')

/** WebP (RFC 9649): `RIFF length WEBP`, then chunks. */
function* read(): Reader {
  const start = yield 12
  if (start.length < 12) return false
  yield { type: 'RIFF', header: 12, payload: 0 }
  return yield* readChunks(start.readUInt32LE(4) - 4)
}

/** `name length payload`, padded to an even length. The last one ends at the file's declared length. */
function* readChunks(bytes: number): Reader {
  let left = bytes
  while (left >= 8) {
    const ahead = yield Math.min(left, MAX_HEADER_BYTES)
    if (ahead.length < 8) return false
    const length = ahead.readUInt32LE(4)
    const payload = Math.min(length, left - 8)
    const trailer = Math.min(length % 2, left - 8 - payload)
    yield { type: nameOf(ahead.readUInt32BE(0)), header: 8, payload, trailer }
    left -= 8 + payload + trailer
  }
  yield { type: 'rest', header: 0, payload: Math.max(0, left) }
  return true
}

/** Reads the size in pixels from each kind of chunk. */
const SIZES: Record<string, (payload: Buffer) => Size | undefined> = {
  /** Flags and reserved (4 bytes), then width and height less one, 3 bytes each. */
  VP8X: (payload) =>
    payload.length < 10
      ? undefined
      : { width: payload.readUIntLE(4, 3) + 1, height: payload.readUIntLE(7, 3) + 1 },
  /** RFC 6386, 9.1: 3 bytes, a start code of 3, then 14 bits each. */
  'VP8 ': (payload) =>
    payload.length < 10
      ? undefined
      : { width: payload.readUInt16LE(6) & 0x3fff, height: payload.readUInt16LE(8) & 0x3fff },
  /** A signature byte, then 14 bits each, less one. */
  VP8L: (payload) => {
    if (payload.length < 5) return undefined
    const bits = payload.readUInt32LE(1)
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 }
  },
}

/** Read from the first chunk. */
function dimensions(): Fold<Size | undefined> {
  let size: Size | undefined
  return {
    visit({ type, offset, payload }) {
      const isReadable = type !== 'VP8L' || payload[0] === 0x2f
      if (offset === 12 && isReadable) size = SIZES[type]?.(payload)
    },
    result: () => size,
  }
}

/**
 * Measured bytes. Decoders hold lossless colors completely, and twice while rotating; lossy ones line by line, except alpha.
 */
const HELD_BYTES_PER_PIXEL: Record<string, number> = { ALPH: 2, VP8L: 4.5, ANMF: 9 }

function structure(): Fold<Structure> {
  const extent = { width: 0, height: 0 }
  let frames = 0
  let heldPerPixel = 1
  return {
    visit({ type, payload }) {
      if (type === 'ANMF') frames++
      heldPerPixel = Math.max(heldPerPixel, HELD_BYTES_PER_PIXEL[type] ?? 0)
      const size = SIZES[type]?.(payload)
      extent.width = Math.max(extent.width, size?.width ?? 0)
      extent.height = Math.max(extent.height, size?.height ?? 0)
    },
    result: () => ({
      frames: Math.max(1, frames),
      extent,
      heldBytes: extent.width * extent.height * heldPerPixel,
    }),
  }
}

const ANIMATION_FLAG = 0x02
const ALPHA_FLAG = 0x10

function traits(): Fold<Traits> {
  const found: Traits = {}
  const metadata = new EmbeddedMetadata()
  return {
    visit({ type, payload }) {
      if (type === 'VP8X') found.isAnimated = ((payload[0] ?? 0) & ANIMATION_FLAG) !== 0
      if (type === 'C2PA' && isManifestStore(payload)) found.hasContentCredentials = true
      if (type === 'ICCP') found.profile ??= payload
      if (type === 'XMP ' || type === 'XMP\0') metadata.addXmp(payload) // some programs write a zero
      if (type === 'EXIF') metadata.addExif(payload)
    },
    result: () => ({ ...found, ...metadata.result() }),
  }
}

/**
 * Makes a still WebP of an animation's first frame, for a decoder that reads only still images. Returns other files
 * unchanged. If a frame covers only a part of the canvas, the result is that part.
 *
 * `ANMF` has 16 bytes (offset in the canvas, width and height less one in 24 bits each, duration, flags), then the chunks
 * of a still image.
 */
export function firstWebpFrame(webp: Buffer): Buffer {
  const frame = segmentsOf(webp, read()).find(({ type }) => type === 'ANMF')?.payload
  if (!frame) return webp
  const still = frame.subarray(16)
  const hasAlpha = segmentsOf(still, readChunks(still.length)).some(
    ({ type }) => type === 'ALPH' || type === 'VP8L',
  )
  const header = Buffer.alloc(10)
  header.writeUInt8(hasAlpha ? ALPHA_FLAG : 0)
  frame.copy(header, 4, 6, 12) // both have width and height in the same format
  return chunk('RIFF', Buffer.concat([Buffer.from('WEBP'), chunk('VP8X', header), still]))
}

/** Keeps only what the pixels of a still WebP need. Nothing for an animation. */
export function bareWebp(webp: Buffer): Buffer | undefined {
  const segments = segmentsOf(webp, read())
  const { alpha, ...picture } = pictureIn(segments)
  if (!picture.lossy && !picture.lossless) return undefined
  const hasAlpha = alpha && segments.some(({ type }) => type === 'VP8X')
  return stillWebp(hasAlpha ? { ...picture, alpha } : picture)
}

/** The chunks of one picture. */
interface Picture {
  lossy?: Buffer | undefined
  /** Compressed like a lossless picture, or not at all. */
  alpha?: Buffer | undefined
  lossless?: Buffer | undefined
}

function pictureIn(segments: readonly Segment[]): Picture {
  const find = (name: string) => segments.find(({ type }) => type === name)?.payload
  return { lossy: find('VP8 '), alpha: find('ALPH'), lossless: find('VP8L') }
}

function stillWebp({ lossy, alpha, lossless }: Picture): Buffer {
  const parts: Buffer[] = [Buffer.from('WEBP')]
  if (lossless) parts.push(chunk('VP8L', lossless))
  else if (lossy) {
    const size = alpha && SIZES['VP8 ']?.(lossy)
    if (size) {
      const header = Buffer.alloc(10)
      header.writeUInt8(ALPHA_FLAG)
      header.writeUIntLE(size.width - 1, 4, 3)
      header.writeUIntLE(size.height - 1, 7, 3)
      parts.push(chunk('VP8X', header), chunk('ALPH', alpha))
    }
    parts.push(chunk('VP8 ', lossy))
  }
  return chunk('RIFF', Buffer.concat(parts))
}

/**
 * A decoder can do without the last 3 bytes of what libwebp writes, and libvpx writes 4 more. In a picture of a few pixels the
 * bytes that follow instead may happen to do, so there are two lengths.
 */
const SHORTENED_BYTES = [8, 9]
/** Of all frames together: as many as one picture may have. */
const MAX_CHECKED_PIXELS = IMAGE_TYPES['image/webp'].maxPixels

/** For each compressed part of a file's pictures: still WebPs that lack its last bytes, and nothing else. */
export function* shortenedWebps(webp: Buffer): Generator<Buffer[]> {
  let pixels = 0
  for (const picture of picturesOf(webp)) {
    const { width, height } = sizeOf(picture)
    pixels += width * height
    if (width * height === 0 || pixels > MAX_CHECKED_PIXELS) return
    for (const shorten of partsOf(picture))
      yield SHORTENED_BYTES.map((bytes) => stillWebp({ ...picture, ...shorten(bytes) }))
  }
}

function sizeOf({ lossy, lossless }: Picture): Size {
  const size = lossless ? SIZES.VP8L?.(lossless) : lossy && SIZES['VP8 ']?.(lossy)
  return size ?? { width: 0, height: 0 }
}

/** A function for each compressed part that shortens it. */
function partsOf({ lossy, alpha, lossless }: Picture): ((bytes: number) => Picture)[] {
  if (lossless) return [(bytes) => ({ lossless: lossless.subarray(0, -bytes) })]
  if (!lossy) return []
  const parts: ((bytes: number) => Picture)[] = usedPartitions(lossy).map((partition) => (bytes) => ({
    lossy: withShorterPartition(lossy, partition, bytes),
  }))
  return isCompressed(alpha) ? [...parts, (bytes) => ({ alpha: alpha.subarray(0, -bytes) })] : parts
}

/** RFC 9649, 2.7.1.2: the lowest two bits of the first byte are the compression. */
function isCompressed(alpha: Buffer | undefined): alpha is Buffer {
  return alpha !== undefined && ((alpha[0] ?? 0) & 0x03) !== 0
}

/** The frames of an animation, otherwise the still picture. */
function picturesOf(webp: Buffer): Picture[] {
  const segments = segmentsOf(webp, read())
  const frames = segments.filter(({ type }) => type === 'ANMF').map(({ payload }) => payload.subarray(16))
  if (frames.length === 0) return [pictureIn(segments)]
  return frames.map((frame) => pictureIn(segmentsOf(frame, readChunks(frame.length))))
}

function segmentsOf(bytes: Buffer, reader: Reader): Segment[] {
  const segments: Segment[] = []
  walkAll(bytes, reader, [(segment) => segments.push(segment)])
  return segments
}

function chunk(name: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(payload.length, 4)
  return Buffer.concat([head, payload, Buffer.alloc(payload.length % 2)])
}

export const webp: Format = {
  contentType: 'image/webp',
  matches: (start) => start.toString('latin1', 0, 4) === 'RIFF' && start.toString('latin1', 8, 12) === 'WEBP',
  read,
  dimensions,
  structure,
  traits,
  advice: 'Resize it.',
}
