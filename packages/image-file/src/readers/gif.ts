import type { Fold, Format, Reader, Size, Structure, Traits } from '../segments.ts'

const EXTENSION = 0x21
const IMAGE_DESCRIPTOR = 0x2c
const TRAILER = 0x3b

/**
 * GIF (GIF89a, sections 17 to 27): header, screen descriptor and color table, then blocks that end in sub-blocks. A
 * missing trailer is accepted; a block that runs past the end of the file, and a file without an image, are not.
 */
function* read(): Reader {
  const start = yield 13
  if (start.length < 13) return false
  yield { type: 'screen', header: 0, payload: 13, trailer: colorTableBytes(start[10]) }
  for (let images = 0; ; ) {
    const ahead = yield 10
    switch (ahead[0]) {
      case undefined:
        return images > 0
      case TRAILER:
        yield { type: 'trailer', header: 1, payload: 0 }
        return images > 0
      case EXTENSION:
        yield { type: 'extension', header: 2, payload: 0 }
        break
      case IMAGE_DESCRIPTOR:
        images++
        // After the color table comes one byte, the code size.
        yield { type: 'image', header: 1, payload: 9, trailer: colorTableBytes(ahead[9]) + 1 }
        break
      default:
        return false
    }
    if (!(yield* readSubBlocks())) return false
  }
}

function colorTableBytes(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0
}

/** `size data …` until a size of 0. */
function* readSubBlocks(): Reader {
  for (;;) {
    const ahead = yield 1
    if (ahead.length === 0) return false
    let bytes = 0
    let size = -1
    while (size !== 0 && bytes < ahead.length) {
      size = ahead.readUInt8(bytes)
      bytes += 1 + size
    }
    yield { type: 'data', header: 0, payload: bytes }
    if (size === 0) return true
  }
}

/** `GIF87a` or `GIF89a`, then the screen's width and height, 2 bytes each. */
function dimensions(): Fold<Size | undefined> {
  let size: Size | undefined
  return {
    visit({ type, payload }) {
      if (type === 'screen' && /^GIF8[79]a/.test(payload.toString('latin1', 0, 6))) size = screenSize(payload)
    },
    result: () => size,
  }
}

const screenSize = (screen: Buffer): Size => ({
  width: screen.readUInt16LE(6),
  height: screen.readUInt16LE(8),
})

/** Bytes, measured: the canvas, the previous canvas and the frame. */
const HELD_BYTES_PER_PIXEL = 5

/** If a frame is larger than the screen, decoders enlarge the screen. */
function structure(): Fold<Structure> {
  const extent = { width: 0, height: 0 }
  let frames = 0
  const enlarge = ({ width, height }: Size) => {
    extent.width = Math.max(extent.width, width)
    extent.height = Math.max(extent.height, height)
  }
  return {
    visit({ type, payload }) {
      if (type === 'screen') enlarge(screenSize(payload))
      if (type !== 'image' || payload.length < 8) return
      frames++
      const [left, top, width, height] = new Uint16Array(4).map((_, n) => payload.readUInt16LE(2 * n))
      enlarge({ width: (left ?? 0) + (width ?? 0), height: (top ?? 0) + (height ?? 0) })
    },
    result: () => ({ frames, extent, heldBytes: extent.width * extent.height * HELD_BYTES_PER_PIXEL }),
  }
}

function traits(): Fold<Traits> {
  let images = 0
  return {
    visit({ type }) {
      if (type === 'image') images++
    },
    result: () => ({ isAnimated: images > 1 }),
  }
}

export const gif: Format = {
  contentType: 'image/gif',
  matches: (start) => start.toString('latin1', 0, 3) === 'GIF',
  read,
  dimensions,
  structure,
  traits,
  advice: 'Resize it.',
}
