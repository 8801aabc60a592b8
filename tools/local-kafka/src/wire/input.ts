/**
 * Reads Kafka's primitive types from a request.
 * https://kafka.apache.org/protocol#protocol_types
 */
export class Input {
  readonly #buffer: Buffer
  #at = 0
  version = 0
  /** Flexible versions (KIP-482) have compact lengths and tagged fields. */
  flexible = false

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  int8(): number {
    return this.#buffer.readInt8(this.#advance(1))
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#advance(4))
  }

  /** As a number: offsets and timestamps stay far below 2^53. */
  int64(): number {
    return Number(this.#buffer.readBigInt64BE(this.#advance(8)))
  }

  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#buffer.readUInt8(this.#advance(1))
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new RangeError('varint has more than five bytes')
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const at = this.#advance(length)
    return this.#buffer.subarray(at, at + length)
  }

  skipTaggedFields(): void {
    if (!this.flexible) return
    for (let left = this.unsignedVarint(); left > 0; left--) {
      this.unsignedVarint()
      this.bytes(this.unsignedVarint())
    }
  }

  #advance(length: number): number {
    const at = this.#at
    if (length < 0 || at + length > this.#buffer.length) throw new RangeError('request ends too early')
    this.#at += length
    return at
  }
}
