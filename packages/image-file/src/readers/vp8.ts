/** The frame tag, the start code and the size (RFC 6386, 9.1), before the first partition. */
const FRAME_HEADER_BYTES = 10
const PARTITION_SIZE_BYTES = 3
const MACROBLOCK_PIXELS = 16

/** One of the 1, 2, 4 or 8 parts of a VP8 frame that have the coefficients (RFC 6386, 9.5). */
interface Partition {
  /** Where its size is, in 3 bytes. The last one has none: it ends with the frame. */
  sizeAt?: number
  start: number
  end: number
}

/** Rows of macroblocks go to the partitions in turn, so a small picture may not use all of them. */
export function usedPartitions(frame: Buffer): Partition[] {
  if (frame.length < FRAME_HEADER_BYTES) return []
  const sizesAt = FRAME_HEADER_BYTES + (frame.readUIntLE(0, 3) >> 5)
  const rows = Math.ceil((frame.readUInt16LE(8) & 0x3fff) / MACROBLOCK_PIXELS)
  const count = partitionsOf(frame.subarray(FRAME_HEADER_BYTES, sizesAt))
  const partitions: Partition[] = []
  let start = sizesAt + PARTITION_SIZE_BYTES * (count - 1)
  for (let sizeAt = sizesAt; partitions.length < count - 1; sizeAt += PARTITION_SIZE_BYTES) {
    if (start > frame.length) return []
    const end = start + frame.readUIntLE(sizeAt, PARTITION_SIZE_BYTES)
    partitions.push({ sizeAt, start, end })
    start = end
  }
  partitions.push({ start, end: frame.length })
  return start > frame.length ? [] : partitions.slice(0, rows)
}

export function withShorterPartition(
  frame: Buffer,
  { sizeAt, start, end }: Partition,
  bytes: number,
): Buffer {
  const shorterEnd = Math.max(start, end - bytes)
  const shorter = Buffer.concat([frame.subarray(0, shorterEnd), frame.subarray(end)])
  if (sizeAt !== undefined) shorter.writeUIntLE(shorterEnd - start, sizeAt, PARTITION_SIZE_BYTES)
  return shorter
}

/** RFC 6386, 9.2 to 9.5: the fields before the number of partitions, all written without probabilities. */
function partitionsOf(firstPartition: Buffer): number {
  const bits = new EvenBits(firstPartition)
  const optional = (...lengths: number[]) => {
    for (const length of lengths) if (bits.read(1)) bits.read(length)
  }
  bits.read(2) // color space, clamping
  if (bits.read(1)) {
    const updatesMap = bits.read(1)
    if (bits.read(1)) {
      bits.read(1)
      optional(8, 8, 8, 8, 7, 7, 7, 7) // quantizers and loop filter levels, with their signs
    }
    if (updatesMap) optional(8, 8, 8)
  }
  bits.read(1 + 6 + 3) // loop filter: type, level, sharpness
  if (bits.read(1) && bits.read(1)) optional(7, 7, 7, 7, 7, 7, 7, 7)
  return 1 << bits.read(2)
}

/** VP8's arithmetic decoder (RFC 6386, 7.3) for bits that are 0 as often as 1. */
class EvenBits {
  readonly #data: Buffer
  #at = 2
  #value: number
  #range = 255
  #shifted = 0

  constructor(data: Buffer) {
    this.#data = data
    this.#value = ((data[0] ?? 0) << 8) | (data[1] ?? 0)
  }

  /** An unsigned number of so many bits. */
  read(bits: number): number {
    let number = 0
    for (let bit = 0; bit < bits; bit++) number = (number << 1) | this.#readBit()
    return number
  }

  #readBit(): number {
    const split = 1 + (((this.#range - 1) * 128) >> 8)
    const isOne = this.#value >= split << 8
    if (isOne) this.#value -= split << 8
    this.#range = isOne ? this.#range - split : split
    while (this.#range < 128) this.#shift()
    return isOne ? 1 : 0
  }

  #shift(): void {
    this.#value <<= 1
    this.#range <<= 1
    this.#shifted++
    if (this.#shifted < 8) return
    this.#shifted = 0
    this.#value |= this.#data[this.#at++] ?? 0
  }
}
