import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs'

/** A file that only grows at its end. */
export class SegmentFile {
  readonly path: string
  #descriptor: number
  #size: number

  constructor(path: string) {
    this.path = path
    this.#descriptor = openSync(path, 'a+')
    this.#size = fstatSync(this.#descriptor).size
  }

  get size(): number {
    return this.#size
  }

  /** Returns the position of the bytes. A write that fails leaves the file as it was. */
  append(bytes: Buffer): number {
    const position = this.#size
    try {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.#descriptor, bytes, written)
      }
    } catch (error) {
      ftruncateSync(this.#descriptor, position)
      throw error
    }
    this.#size += bytes.length
    return position
  }

  /** @throws RangeError if the file ends before */
  read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let read = 0; read < length; ) {
      const count = readSync(this.#descriptor, bytes, read, length - read, position + read)
      if (count === 0) throw new RangeError(`${this.path} ends before ${position + length}`)
      read += count
    }
    return bytes
  }

  truncate(size: number): void {
    ftruncateSync(this.#descriptor, size)
    this.#size = size
  }

  delete(): void {
    this.close()
    rmSync(this.path)
  }

  /** Later reads and writes fail, even if another file gets the same descriptor. */
  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor)
    this.#descriptor = -1
  }
}
