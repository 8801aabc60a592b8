import { isManifestStore } from '../content-credentials.ts'
import { EmbeddedMetadata } from '../embedded-metadata.ts'
import {
  type Fold,
  type Format,
  type Reader,
  type Size,
  type Structure,
  type Traits,
  walkAll,
} from '../segments.ts'
import { hasSoundData } from './gif-lzw.ts'

const EXTENSION = 0x21
const IMAGE_DESCRIPTOR = 0x2c
const TRAILER = 0x3b
/** Of sub-blocks. Decoders and browsers skip one between blocks. */
const TERMINATOR = 0

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
      case TERMINATOR:
        yield { type: 'stray', header: 0, payload: 1 }
        continue
      case EXTENSION:
        yield { type: 'extension', header: 2, payload: 0 }
        break
      case IMAGE_DESCRIPTOR:
        images++
        yield { type: 'image', header: 1, payload: 9, trailer: colorTableBytes(ahead[9]) }
        yield 1
        yield { type: 'code size', header: 0, payload: 1 }
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

/**
 * An application extension of 11 letters. XMP follows it as plain text, not in sub-blocks, and a trailer makes readers of
 * sub-blocks come out behind it (XMP specification, part 3, 1.1.2).
 */
const XMP = Buffer.from('\x0bXMP DataXMP', 'latin1')
/** The other one: a number of three bytes instead of letters, then the manifest in sub-blocks (C2PA 2.2, A.3.4). */
const C2PA = Buffer.from('\x0bC2PA_GIF\x01\0\0', 'latin1')

function traits(): Fold<Traits> {
  let images = 0
  let hasContentCredentials = false
  let hasDamagedData = false
  let hasStrayBytes = false
  /** Of the image whose data comes next. */
  let pixels = 0
  let codeSize: number | undefined
  const metadata = new EmbeddedMetadata()
  return {
    visit({ type, payload }) {
      if (type === 'image') {
        images++
        pixels = payload.length < 8 ? 0 : payload.readUInt16LE(4) * payload.readUInt16LE(6)
      }
      if (type === 'stray') hasStrayBytes = true
      if (type === 'code size') codeSize = payload[0]
      else if (type === 'data' && codeSize !== undefined) {
        if (pixels > 0) hasDamagedData ||= !hasSoundData(payload, codeSize, pixels)
        codeSize = undefined
      }
      // Before the manifest is the size of its first sub-block.
      if (type === 'data' && payload.subarray(0, C2PA.length).equals(C2PA))
        hasContentCredentials ||= isManifestStore(payload.subarray(C2PA.length + 1))
      if (type === 'data' && payload.subarray(0, XMP.length).equals(XMP))
        metadata.addXmp(payload.subarray(XMP.length))
    },
    result: () => ({
      isAnimated: images > 1,
      hasContentCredentials,
      hasDamagedData,
      hasStrayBytes,
      ...metadata.result(),
    }),
  }
}

/** A frame as far as its surroundings go. `control` is the position of its Graphic Control Extension's data. */
interface Frame {
  coversScreen: boolean
  control?: number
  hasTransparency: boolean
  /** Its area is cleared before the next frame. */
  isCleared: boolean
  colors: number
}

/** A still frame of one transparent pixel: control extension, descriptor, two colors, LZW data. */
const TRANSPARENT_FRAME = Buffer.from(
  '21f9040100000000' + '2c000000000100010080' + '000000ffffff' + '0202440100',
  'hex',
)
const MAX_COLORS = 256

/**
 * Browsers show nothing where no frame was drawn or where one was cleared (disposal 2). libnsgif shows black, or the
 * background color, unless a frame has a transparent color. So this gives such frames a transparent color that they do not
 * use, and appends a transparent frame, which must not be shown. Returns other files unchanged.
 */
export function withTransparentScreen(gif: Uint8Array): Uint8Array {
  const bytes = Buffer.from(gif.buffer, gif.byteOffset, gif.length)
  const { frames, end } = framesOf(bytes)
  const cleared = frames.filter(({ isCleared, hasTransparency }) => isCleared && !hasTransparency)
  if (frames[0]?.coversScreen !== false && cleared.length === 0) return gif
  const copy = Buffer.from(bytes)
  for (const { control, colors } of cleared) {
    if (control === undefined || colors === MAX_COLORS) continue
    copy.writeUInt8(copy.readUInt8(control + 1) | TRANSPARENCY_FLAG, control + 1)
    copy.writeUInt8(MAX_COLORS - 1, control + 4)
  }
  return Buffer.concat([copy.subarray(0, end), TRANSPARENT_FRAME, copy.subarray(end)])
}

const TRANSPARENCY_FLAG = 0x01
const GRAPHIC_CONTROL = 0xf9

/**
 * A Graphic Control Extension precedes its image: a size of 4, flags (disposal in bits 2 to 4, transparency in bit 0), a delay
 * of 2 bytes, the transparent color.
 */
function framesOf(gif: Buffer): { frames: Frame[]; end: number } {
  const frames: Frame[] = []
  let screen = { width: 0, height: 0 }
  let colors = 0
  let end = gif.length
  let control: number | undefined
  walkAll(gif, read(), [
    ({ type, offset, payload }) => {
      if (type === 'screen') {
        screen = screenSize(payload)
        colors = colorTableBytes(payload[10]) / 3
      }
      if (type === 'extension' && gif[offset + 1] === GRAPHIC_CONTROL) control = offset + 2
      if (type === 'trailer') end = offset
      if (type !== 'image' || payload.length < 9) return
      const flags = control === undefined ? 0 : (gif[control + 1] ?? 0)
      frames.push({
        coversScreen: covers(payload, screen),
        ...(control !== undefined && { control }),
        hasTransparency: (flags & TRANSPARENCY_FLAG) !== 0,
        isCleared: ((flags >> 2) & 7) === 2,
        colors: colorTableBytes(payload[8]) / 3 || colors,
      })
      control = undefined
    },
  ])
  return { frames, end }
}

function covers(descriptor: Buffer, { width, height }: Size): boolean {
  const [left = 0, top = 0, w = 0, h = 0] = [0, 2, 4, 6].map((at) => descriptor.readUInt16LE(at))
  return left === 0 && top === 0 && w >= width && h >= height
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
