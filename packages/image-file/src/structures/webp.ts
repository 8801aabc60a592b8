import type { ReadStructure } from './structure.ts'

/** As measured: lossless colours are held whole, twice while they are turned; lossy ones line by line, but for alpha. */
const HELD_PER_PIXEL = { lossy: 1, alpha: 2, lossless: 4.5, animated: 9 }

/**
 * WebP (RFC 9649): `RIFF length WEBP`, then chunks of `name length payload`, padded to even. A canvas is what `VP8X`
 * says; a still picture in it tells its own size once more.
 */
export const readWebp: ReadStructure = (bytes, { width, height }) => {
  const extent = { width, height }
  let frames = 0
  let perPixel = HELD_PER_PIXEL.lossy
  for (let at = 12; at + 8 <= Math.min(bytes.length, bytes.readUInt32LE(4) + 8); ) {
    const name = bytes.toString('latin1', at, at + 4)
    const length = bytes.readUInt32LE(at + 4)
    if (name === 'ANMF') frames++
    perPixel = Math.max(perPixel, HELD[name] ?? 0)
    const picture = SIZES[name]?.(bytes.subarray(at + 8, at + 18))
    extent.width = Math.max(extent.width, picture?.width ?? 0)
    extent.height = Math.max(extent.height, picture?.height ?? 0)
    at += 8 + length + (length % 2)
  }
  return {
    frames: Math.max(1, frames),
    extent,
    heldBytes: extent.width * extent.height * perPixel,
  }
}

const HELD: Record<string, number> = {
  ALPH: HELD_PER_PIXEL.alpha,
  VP8L: HELD_PER_PIXEL.lossless,
  ANMF: HELD_PER_PIXEL.animated,
}

/** `VP8 ` (RFC 6386, 9.1): 3 bytes, a start code of 3, then 14 bits each; `VP8L`: a byte, then 14 bits each, less one. */
const SIZES: Record<string, (payload: Buffer) => { width: number; height: number } | undefined> = {
  'VP8 ': (payload) =>
    payload.length < 10
      ? undefined
      : { width: payload.readUInt16LE(6) & 0x3fff, height: payload.readUInt16LE(8) & 0x3fff },
  VP8L: (payload) => {
    if (payload.length < 5) return undefined
    const bits = payload.readUInt32LE(1)
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 }
  },
}
