const ORIENTATION = 0x0112
const EXIF_DIRECTORY = 0x8769
/** The type of a number of 16 bits. */
const SHORT = 3
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

const ENTRY_BYTES = 12
const MAX_ORIENTATIONS = 255

/** The same EXIF with nothing but the orientation in its first directory, as it stands there. Undefined if it is damaged. */
export function orientationOnly(exif: Buffer): Buffer | undefined {
  if (!isSoundExif(exif)) return undefined
  const isLittle = exif.toString('latin1', 0, 2) === 'II'
  const tiff = new Tiff(exif, isLittle)
  const directory = tiff.uint32(4)
  const kept: Buffer[] = []
  for (let i = 0; i < tiff.uint16(directory); i++) {
    const at = directory + 2 + ENTRY_BYTES * i
    if (tiff.uint16(at) === ORIENTATION) kept.push(exif.subarray(at, at + ENTRY_BYTES))
  }
  if (kept.length > MAX_ORIENTATIONS) return undefined
  const start = isLittle ? [8, 0, 0, 0, kept.length, 0] : [0, 0, 0, 8, 0, kept.length]
  const noFurtherDirectory = Buffer.alloc(4)
  return Buffer.concat([exif.subarray(0, 4), Buffer.from(start), ...kept, noFurtherDirectory])
}

/** The orientation in what `orientationOnly` leaves, 1 if there is none. Undefined if it is not one number from 1 to 8. */
export function orientationIn(little: Buffer): number | undefined {
  const tiff = new Tiff(little, little.toString('latin1', 0, 2) === 'II')
  const directory = tiff.uint32(4)
  const [count, entry] = [tiff.uint16(directory), directory + 2]
  if (count === 0) return 1
  const isOneNumber = count === 1 && tiff.uint16(entry + 2) === SHORT && tiff.uint32(entry + 4) === 1
  const value = tiff.uint16(entry + 8)
  return isOneNumber && value >= 1 && value <= 8 ? value : undefined
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
