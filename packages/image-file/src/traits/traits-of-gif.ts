import type { Traits } from './traits.ts'

const EXTENSION = 0x21
const IMAGE_DESCRIPTOR = 0x2c
const TRAILER = 0x3b

/** GIF (GIF89a, sections 17 to 27): header, screen descriptor and colour table, then blocks that end in sub-blocks. */
export function traitsOfGif(gif: Buffer): Traits {
  let images = 0
  let at = 13 + colourTableBytes(gif[10])
  while (at < gif.length && gif[at] !== TRAILER) {
    if (gif[at] === IMAGE_DESCRIPTOR) {
      images += 1
      at = endOfSubBlocks(gif, at + 11 + colourTableBytes(gif[at + 9]))
    } else if (gif[at] === EXTENSION) at = endOfSubBlocks(gif, at + 2)
    else break
  }
  return { end: gif[at] === TRAILER ? at + 1 : gif.length, isAnimated: images > 1 }
}

function colourTableBytes(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0
}

function endOfSubBlocks(gif: Buffer, start: number): number {
  let at = start
  while (at < gif.length && gif[at] !== 0) at += 1 + gif.readUInt8(at)
  return at + 1
}
