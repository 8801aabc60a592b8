import type { ImageType } from '@darkroom/core'
import { gif } from './readers/gif.ts'
import { avif, heic } from './readers/heif.ts'
import { jpeg } from './readers/jpeg.ts'
import { png } from './readers/png.ts'
import { webp } from './readers/webp.ts'
import { type Format, type Traits, walkAll } from './segments.ts'

/** All formats with a reader. Names and pixel limits are in core's `IMAGE_TYPES`, which is part of the contract. */
export const FORMATS: Record<ImageType, Format> = {
  'image/jpeg': jpeg,
  'image/png': png,
  'image/webp': webp,
  'image/gif': gif,
  'image/avif': avif,
  'image/heic': heic,
}

/** The type of a file by its first bytes, whether it is accepted or not. */
export function typeOf(bytes: Uint8Array): ImageType | undefined {
  return formatOf(bytes)?.contentType
}

function formatOf(bytes: Uint8Array): Format | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return Object.values(FORMATS).find((format) => format.matches(start))
}

export interface FileTraits extends Traits {
  /** The image's length in bytes. Bytes after it are not part of the image. */
  end: number
}

/** Reads the metadata of a file. Damaged parts are omitted; the decoder decides about them. */
export function readTraits(bytes: Uint8Array): FileTraits {
  const format = formatOf(bytes)
  if (!format) return { end: bytes.length }
  const traits = format.traits()
  const { end } = walkAll(bytes, format.read(), [traits.visit])
  return { ...traits.result(), end }
}

/** NUL, tab, line feed, form feed, carriage return, space, and the three bytes of UTF-8's byte order mark. */
const JUNK = new Set([0x00, 0x09, 0x0a, 0x0c, 0x0d, 0x20, 0xef, 0xbb, 0xbf])
const MAX_JUNK_BYTES = 512

/**
 * Removes the bytes that broken programs write before an image: blank lines, a byte order mark. Anything else before it,
 * such as a script or a page, stays, so the file is not accepted as an image. AVIF starts with the length of a box, so its
 * first byte is a NUL of the image.
 */
export function withoutLeadingJunk(bytes: Uint8Array): Uint8Array {
  let at = 0
  while (at < MAX_JUNK_BYTES && JUNK.has(bytes[at] ?? -1) && !isBox(bytes, at)) at += 1
  return at === 0 || at === MAX_JUNK_BYTES ? bytes : bytes.subarray(at)
}

function isBox(bytes: Uint8Array, at: number): boolean {
  return [0x66, 0x74, 0x79, 0x70].every((letter, i) => bytes[at + 4 + i] === letter) // ftyp
}
