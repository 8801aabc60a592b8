const ORIENTATION = 0x0112
const EXIF_DIRECTORY = 0x8769
/** Size of a value in bytes, by TIFF type. Type 0 does not exist. */
const VALUE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]

/**
 * Whether EXIF can be read completely: a TIFF header, then directories whose values are within the block (TIFF 6.0,
 * section 2), and a valid orientation (some programs write 0 for unknown).
 */
export function isSoundExif(exif: Buffer): boolean {
  try {
    const order = exif.toString('latin1', 0, 2)
    if (order !== 'II' && order !== 'MM') return false
    const tiff = new Tiff(exif, order === 'II')
    return tiff.uint16(2) === 42 && tiff.isSound(tiff.uint32(4))
  } catch {
    return false // an offset outside the block
  }
}

class Tiff {
  readonly #bytes: Buffer
  readonly #isLittle: boolean

  constructor(bytes: Buffer, isLittle: boolean) {
    this.#bytes = bytes
    this.#isLittle = isLittle
  }

  uint16(at: number): number {
    return this.#isLittle ? this.#bytes.readUInt16LE(at) : this.#bytes.readUInt16BE(at)
  }

  uint32(at: number): number {
    return this.#isLittle ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at)
  }

  /** A directory: a count, then entries of `tag type count value`, where a value of over four bytes is an offset. */
  isSound(directory: number, depth = 0): boolean {
    const entries = this.uint16(directory)
    for (let i = 0; i < entries; i++) {
      const at = directory + 2 + 12 * i
      const [tag, size] = [this.uint16(at), (VALUE_BYTES[this.uint16(at + 2)] ?? 0) * this.uint32(at + 4)]
      if (size > 4 && this.uint32(at + 8) + size > this.#bytes.length) return false
      if (tag === ORIENTATION && this.uint16(at + 8) > 8) return false
      if (tag === EXIF_DIRECTORY && depth === 0 && !this.isSound(this.uint32(at + 8), 1)) return false
    }
    return true
  }
}
