import { typeOf } from './formats.ts'
import { withoutLastByte } from './readers/jpeg.ts'
import { shortenedWebps } from './readers/webp.ts'

/**
 * For each part of a file's compressed data: copies of the file that lack the end of that part. Damaged data usually gives
 * the whole picture before its own end, or not by then. So if a decoder accepts the file, and misses nothing in any copy of
 * one part, the data is damaged. For the formats whose decoders do not look at what is left: JPEG and WebP.
 */
function* shortened(original: Uint8Array): Generator<Uint8Array[]> {
  switch (typeOf(original)) {
    case 'image/jpeg': {
      const shorter = withoutLastByte(original)
      if (shorter) yield [shorter]
      break
    }
    case 'image/webp':
      yield* shortenedWebps(Buffer.from(original.buffer, original.byteOffset, original.length))
      break
  }
}

/**
 * Whether a decoder that accepts a file needs less than all of its data, because damage made it finish early.
 *
 * @param missesBytes whether the same decoder notices that bytes are missing
 */
export async function hasDataLeft(
  original: Uint8Array,
  missesBytes: (shorter: Uint8Array) => Promise<boolean>,
): Promise<boolean> {
  for (const copies of shortened(original)) {
    if (!(await missesAny(copies, missesBytes))) return true
  }
  return false
}

async function missesAny(copies: Uint8Array[], missesBytes: (shorter: Uint8Array) => Promise<boolean>) {
  for (const copy of copies) if (await missesBytes(copy)) return true
  return false
}
