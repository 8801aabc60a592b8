import type { ImageType } from '@darkroom/core'

/**
 * Whether a file's structure reaches its own end, so that an upload that was cut off is refused at the door
 * and not seconds later. Bytes behind the end are allowed: cameras and phones write trailers there.
 */
export function isComplete(bytes: Uint8Array, contentType: ImageType): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return CHECKS[contentType](view)
}

const CHECKS: Record<ImageType, (bytes: Buffer) => boolean> = {
  'image/jpeg': hasEndOfImageAfterScan,
  'image/png': hasEndChunk,
  'image/webp': (bytes) => bytes.length >= 12 && bytes.readUInt32LE(4) + 8 <= bytes.length,
  'image/gif': blocksFit,
  'image/avif': boxesFit,
}

const START_OF_SCAN = 0xda
const END_OF_IMAGE = Buffer.from([0xff, 0xd9])

/**
 * JPEG (ITU-T T.81, annex B): marker segments `FF xx length…` up to the first scan (stray bytes between them
 * are skipped, as decoders do); from there `FF D9` can only be the end, as entropy-coded data writes a literal
 * FF as `FF 00`.
 */
function hasEndOfImageAfterScan(bytes: Buffer): boolean {
  let at = 2
  while (at + 4 <= bytes.length) {
    const marker = bytes[at] === 0xff ? bytes.readUInt8(at + 1) : 0
    if (marker === 0 || marker === 0xff) {
      at = bytes.indexOf(0xff, at + 1)
      if (at === -1) return false
    } else {
      const next = at + 2 + bytes.readUInt16BE(at + 2)
      if (marker === START_OF_SCAN) return bytes.indexOf(END_OF_IMAGE, next) !== -1
      at = next
    }
  }
  return false
}

const IEND = 0x49454e44

/** PNG (W3C PNG, section 5.3): chunks of `length type data crc`, the last one IEND. */
function hasEndChunk(bytes: Buffer): boolean {
  let at = 8
  while (at + 12 <= bytes.length) {
    if (bytes.readUInt32BE(at + 4) === IEND) return true
    at += 12 + bytes.readUInt32BE(at)
  }
  return false
}

const EXTENSION = 0x21
const IMAGE_DESCRIPTOR = 0x2c
const TRAILER = 0x3b

/**
 * GIF (GIF89a, sections 18 to 27): header, screen descriptor and colour table, then blocks that end in
 * sub-blocks. A missing trailer is forgiven, a block that runs past the end is not, nor that there is no image.
 */
function blocksFit(bytes: Buffer): boolean {
  let images = 0
  let at = 13 + colourTableBytes(bytes[10])
  while (at < bytes.length && bytes[at] !== TRAILER) {
    if (bytes[at] === EXTENSION) at = endOfSubBlocks(bytes, at + 2)
    else if (bytes[at] === IMAGE_DESCRIPTOR) {
      at = endOfSubBlocks(bytes, at + 11 + colourTableBytes(bytes[at + 9]))
      images += 1
    } else return false
  }
  return images > 0 && at <= bytes.length
}

function colourTableBytes(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0
}

function endOfSubBlocks(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length) {
    const size = bytes.readUInt8(at)
    at += 1 + size
    if (size === 0) return at
  }
  return bytes.length + 1
}

/** The boxes at the top level of an AVIF; an unknown one behind `mdat` is no box but a trailer. */
const BOXES = new Set([
  'ftyp',
  'meta',
  'moov',
  'mdat',
  'moof',
  'mfra',
  'free',
  'skip',
  'uuid',
  'sidx',
  'styp',
])

/**
 * AVIF (ISO/IEC 14496-12, sections 4.2 and 8.11): top-level boxes of `size type …`; size 0 reaches to the end,
 * 1 is 64 bits. The image lies in `mdat`, or in an `idat` within `meta`.
 */
function boxesFit(bytes: Buffer): boolean {
  let at = 0
  let hasData = false
  while (at + 8 <= bytes.length) {
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (hasData && !BOXES.has(type)) return true
    const size = boxSize(bytes, at)
    if (size < 8 || at + size > bytes.length) return false
    hasData ||= type === 'mdat' || (type === 'meta' && bytes.subarray(at, at + size).includes('idat'))
    at += size
  }
  return hasData
}

function boxSize(bytes: Buffer, at: number): number {
  const short = bytes.readUInt32BE(at)
  if (short === 0) return bytes.length - at
  if (short !== 1) return short
  return at + 16 <= bytes.length ? Number(bytes.readBigUInt64BE(at + 8)) : 0
}
