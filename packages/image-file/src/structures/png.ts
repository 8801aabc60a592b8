import { inflateSync } from 'node:zlib'
import type { ReadStructure } from './structure.ts'

/** What compressed texts and the colour profile may unfold to, together. A profile has a few megabytes at most. */
const MOST_UNFOLDED = 8 * 1024 * 1024
/** As measured: an interlaced picture is held whole, and then some. */
const HELD = 1.3
/** Decoders keep each; photographs have a few dozen. */
const MOST_TEXTS = 1000

/**
 * PNG (W3C PNG, section 5.3): chunks of `length type data crc`, the first IHDR, the last IEND. Its checksums are the
 * decoder's matter.
 */
export const readPng: ReadStructure = (bytes, { width, height }) => {
  let headers = 0
  let frames = 0
  let texts = 0
  let unfolded = 0
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    const data = bytes.subarray(at + 8, at + 8 + length)
    if (type === 'IEND') break
    if (type === 'IHDR') headers++
    if (type === 'fcTL') frames++
    if (TEXTS.has(type)) texts++
    if (unfolded <= MOST_UNFOLDED) unfolded += unfoldedBytes(type, data)
    at += 12 + length
  }
  return {
    frames: Math.max(1, frames),
    heldBytes: isInterlaced(bytes) ? width * height * bytesPerPixel(bytes) * HELD : 0,
    ...faultOf(headers, texts, unfolded),
  }
}

const TEXTS = new Set(['tEXt', 'zTXt', 'iTXt'])

function faultOf(headers: number, texts: number, unfolded: number): { fault?: string } {
  if (headers > 1) return { fault: 'has two headers, and they cannot both be true.' }
  if (texts > MOST_TEXTS) return { fault: `has ${texts} texts in it; ${MOST_TEXTS} are more than any needs.` }
  if (unfolded > MOST_UNFOLDED)
    return { fault: 'has texts or a colour profile that unfold to more than 8 MB.' }
  return {}
}

/**
 * `iCCP` and `zTXt` are a keyword, a zero, a method, then zlib; `iTXt` a keyword, a zero, a flag, a method, two more
 * texts that end in zero, then zlib if the flag says so (W3C PNG, 11.3.2.3 and 11.3.3). Stops inflating at the limit.
 */
function unfoldedBytes(type: string, data: Buffer): number {
  const folded = FOLDED[type]?.(data)
  if (!folded) return 0
  try {
    return inflateSync(folded, { maxOutputLength: MOST_UNFOLDED }).length
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return isTooLong ? MOST_UNFOLDED + 1 : 0 // damaged: for the decoder to judge
  }
}

const behindKeyword = (data: Buffer) => data.subarray(data.indexOf(0) + 2)

const FOLDED: Record<string, (data: Buffer) => Buffer | undefined> = {
  iCCP: behindKeyword,
  zTXt: behindKeyword,
  iTXt: (data) => {
    const flag = data.indexOf(0) + 1
    const language = data.indexOf(0, flag + 2)
    const translated = data.indexOf(0, language + 1)
    return data[flag] === 1 && language !== -1 && translated !== -1
      ? data.subarray(translated + 1)
      : undefined
  },
}

/** IHDR: width, height, bits a sample, colour type, two methods, interlacing (W3C PNG, 11.2.1). */
const isInterlaced = (bytes: Buffer) => bytes[28] === 1

/** A palette is decoded to colours, which may have transparency. */
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 4, 4: 2, 6: 4 }

function bytesPerPixel(bytes: Buffer): number {
  return (CHANNELS[bytes[25] ?? 6] ?? 4) * (bytes[24] === 16 ? 2 : 1)
}
