import type { ReadStructure } from './structure.ts'

/** Bytes a pixel as measured, whatever the subsampling: planes, colours, and what libheif converts in between. */
export const readAvif = heifReader({ 8: 18, more: 26 }, (meta) =>
  // `av1C`: version, profile and level, then a byte of tier, high bit depth, twelve bits, … (AV1-ISOBMFF, 2.3.3).
  placesOf(meta, 'av1C', 7).some((at) => meta.readUInt8(at + 6) & 0x40),
)

/** The same in WebAssembly, without what sharp takes for the picture afterwards: the pixels are not copied again. */
export const readHeic = heifReader({ 8: 15, more: 24 }, (meta) =>
  // `hvcC`: 17 bytes, then five bits reserved and three of luma's depth less 8 (ISO/IEC 14496-15, 8.3.2.1).
  placesOf(meta, 'hvcC', 22).some((at) => meta.readUInt8(at + 4 + 17) & 0x07),
)

/**
 * AVIF and HEIC (ISO/IEC 14496-12, sections 4.2 and 8.11): top-level boxes of `size type …`; size 0 reaches to the end,
 * 1 is 64 bits. In `meta` lie the sizes of all its pictures: tiles, their grid, alpha and thumbnails.
 */
function heifReader(
  bytesPerPixel: { 8: number; more: number },
  hasHighBitDepth: (meta: Buffer) => boolean,
): ReadStructure {
  return (bytes, { width, height }) => {
    const meta = findMeta(bytes)
    const extent = largestPicture(meta, { width, height })
    return {
      frames: 1,
      extent,
      heldBytes: extent.width * extent.height * bytesPerPixel[hasHighBitDepth(meta) ? 'more' : 8],
    }
  }
}

function findMeta(bytes: Buffer): Buffer {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = boxSize(bytes, at)
    if (bytes.toString('latin1', at + 4, at + 8) === 'meta') return bytes.subarray(at, at + size)
    if (size < 8) break
    at += size
  }
  return bytes.subarray(0, 0)
}

function boxSize(bytes: Buffer, at: number): number {
  const short = bytes.readUInt32BE(at)
  if (short === 0) return bytes.length - at
  if (short !== 1) return short
  return at + 16 <= bytes.length ? Number(bytes.readBigUInt64BE(at + 8)) : 0
}

/** `ispe`: version and flags, width, height, 4 bytes each (ISO/IEC 23008-12, 6.5.3). */
function largestPicture(meta: Buffer, size: { width: number; height: number }) {
  const largest = { ...size }
  for (const at of placesOf(meta, 'ispe', 16)) {
    const [width, height] = [meta.readUInt32BE(at + 8), meta.readUInt32BE(at + 12)]
    if (width * height > largest.width * largest.height) Object.assign(largest, { width, height })
  }
  return largest
}

/** Where a box of this name and so many bytes behind its size may lie. */
function placesOf(meta: Buffer, name: string, length: number): number[] {
  const places: number[] = []
  for (let at = meta.indexOf(name); at !== -1; at = meta.indexOf(name, at + 4)) {
    if (at + length <= meta.length) places.push(at)
  }
  return places
}
