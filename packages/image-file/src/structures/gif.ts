import type { ReadStructure } from './structure.ts'

const EXTENSION = 0x21
const IMAGE_DESCRIPTOR = 0x2c
const TRAILER = 0x3b

/** As measured: the canvas in colours, the one before it, and the frame. */
const BYTES_PER_PIXEL = 5

/**
 * GIF (GIF89a, sections 18 to 27): header, screen descriptor and colour table, then blocks that end in sub-blocks. A
 * frame may reach over the screen's edge; decoders enlarge the screen then.
 */
export const readGif: ReadStructure = (bytes, screen) => {
  const extent = { ...screen }
  let frames = 0
  let sound = true
  let at = 13 + colourTableBytes(bytes[10])
  while (sound && at < bytes.length && bytes[at] !== TRAILER) {
    if (bytes[at] === EXTENSION) at = endOfSubBlocks(bytes, at + 2)
    else if (bytes[at] === IMAGE_DESCRIPTOR && at + 10 <= bytes.length) {
      extent.width = Math.max(extent.width, bytes.readUInt16LE(at + 1) + bytes.readUInt16LE(at + 5))
      extent.height = Math.max(extent.height, bytes.readUInt16LE(at + 3) + bytes.readUInt16LE(at + 7))
      at = endOfSubBlocks(bytes, at + 11 + colourTableBytes(bytes[at + 9]))
      frames += 1
    } else sound = false
  }
  return {
    frames,
    extent,
    heldBytes: extent.width * extent.height * BYTES_PER_PIXEL,
  }
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
