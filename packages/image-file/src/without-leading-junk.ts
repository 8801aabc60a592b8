/** NUL, tab, line feed, form feed, carriage return, space, and the three bytes of UTF-8's byte order mark. */
const EMPTY = new Set([0x00, 0x09, 0x0a, 0x0c, 0x0d, 0x20, 0xef, 0xbb, 0xbf])
const MOST = 512

/**
 * The image without the empty bytes that broken programs print in front of it: blank lines, a byte order mark. Anything
 * that could mean something to somebody, a script or a page, stays: such a file is no image. AVIF begins with the length
 * of a box, and so with a NUL of its own.
 */
export function withoutLeadingJunk(bytes: Uint8Array): Uint8Array {
  let at = 0
  while (at < MOST && EMPTY.has(bytes[at] ?? -1) && !isBox(bytes, at)) at += 1
  return at === 0 || at === MOST ? bytes : bytes.subarray(at)
}

function isBox(bytes: Uint8Array, at: number): boolean {
  return [0x66, 0x74, 0x79, 0x70].every((letter, i) => bytes[at + 4 + i] === letter) // ftyp
}
