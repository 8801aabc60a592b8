/** Codes have at most 12 bits (GIF89a, appendix F). */
const MAX_CODES = 4096
const MAX_CODE_BITS = 12

/**
 * Whether the compressed data of an image decodes to exactly `pixels`. GIF has no checksums, and decoders draw what they get, so
 * lost or changed bytes show only in impossible codes and in a wrong number of pixels. Only the length of each code's
 * string is needed for that, so nothing is decoded.
 *
 * @param subBlocks `size data …` up to a size of 0
 */
export function hasSoundData(subBlocks: Buffer, codeSize: number, pixels: number): boolean {
  if (codeSize < 1 || codeSize >= MAX_CODE_BITS) return false
  const clear = 1 << codeSize
  const end = clear + 1
  const lengths = LENGTHS.fill(1, 0, clear)
  const codes = new Codes(subBlocks)
  let bits = codeSize + 1
  let next = end + 1
  /** The length of the string before this one; 0 after a clear code. */
  let before = 0
  for (let left = pixels; ; ) {
    const code = codes.read(bits)
    // Some encoders leave the end code out.
    if (code === undefined || code === end) return left === 0
    if (code === clear) {
      bits = codeSize + 1
      next = end + 1
      before = 0
      continue
    }
    if (code > next || (before === 0 && code > end) || (code === next && before === 0)) return false
    // The code that is added right now is the string before and its first letter.
    const length = code === next ? before + 1 : (lengths[code] ?? 0)
    if (before > 0 && next < MAX_CODES) {
      lengths[next++] = before + 1
      if (next === 1 << bits && bits < MAX_CODE_BITS) bits++
    }
    before = length
    left -= length
    if (left < 0) return false
  }
}

/** Used by one image at a time; a file can have thousands. */
const LENGTHS = new Uint32Array(MAX_CODES)

/** Reads codes from sub-blocks, the lowest bits first. */
class Codes {
  readonly #blocks: Buffer
  #at = 0
  /** Bytes left in this sub-block. */
  #left = 0
  #buffer = 0
  #held = 0

  constructor(subBlocks: Buffer) {
    this.#blocks = subBlocks
  }

  /** Undefined at the end. */
  read(bits: number): number | undefined {
    while (this.#held < bits) {
      if (this.#left === 0) this.#left = this.#blocks[this.#at++] ?? 0
      const byte = this.#left === 0 ? undefined : this.#blocks[this.#at++]
      if (byte === undefined) return undefined
      this.#buffer |= byte << this.#held
      this.#held += 8
      this.#left--
    }
    const code = this.#buffer & ((1 << bits) - 1)
    this.#buffer >>>= bits
    this.#held -= bits
    return code
  }
}
