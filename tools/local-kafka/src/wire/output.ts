/** Writes Kafka's primitive types into a response. Byte arrays are not copied. */
export class Output {
  readonly #chunks: Buffer[] = []
  readonly version: number
  readonly flexible: boolean

  constructor(version: number, flexible: boolean) {
    this.version = version
    this.flexible = flexible
  }

  int8(value: number): void {
    this.#fixed(1).writeInt8(value)
  }

  int16(value: number): void {
    this.#fixed(2).writeInt16BE(value)
  }

  int32(value: number): void {
    this.#fixed(4).writeInt32BE(value)
  }

  int64(value: number): void {
    this.#fixed(8).writeBigInt64BE(BigInt(value))
  }

  unsignedVarint(value: number): void {
    const bytes: number[] = []
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
    this.bytes(Buffer.from([...bytes, rest]))
  }

  bytes(value: Buffer): void {
    this.#chunks.push(value)
  }

  noTaggedFields(): void {
    if (this.flexible) this.unsignedVarint(0)
  }

  /** The message with its length prefix, in chunks. */
  framed(): Buffer[] {
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0))
    return [length, ...this.#chunks]
  }

  #fixed(length: number): Buffer {
    const chunk = Buffer.allocUnsafe(length)
    this.#chunks.push(chunk)
    return chunk
  }
}
