import { crc32, inflateSync } from 'node:zlib'
import { isManifestStore } from '../content-credentials.ts'
import { EmbeddedMetadata } from '../embedded-metadata.ts'
import {
  chunkNames,
  type Fold,
  type Format,
  type Reader,
  type Segment,
  type Size,
  type Structure,
  type Traits,
  walkAll,
} from '../segments.ts'
import { COLOR_CHUNKS, type ColorChunks, declaredColors } from './png-colors.ts'

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
/** Length, type, IHDR and checksum. */
const HEADER_CHUNK_BYTES = 25

const nameOf = chunkNames(
  'IHDR',
  'IDAT',
  'IEND',
  'acTL',
  'fcTL',
  'eXIf',
  'iCCP',
  ...COLOR_CHUNKS,
  'caBX',
  'tEXt',
  'zTXt',
  'iTXt',
)

/** PNG (W3C PNG, section 5.3): a signature, then chunks of `length type data crc`, the last one IEND. */
function* read(): Reader {
  yield { type: 'signature', header: SIGNATURE.length, payload: 0 }
  for (;;) {
    const ahead = yield HEADER_CHUNK_BYTES
    if (ahead.length < 12) return false
    const type = nameOf(ahead.readUInt32BE(4))
    const isLast = type === 'IEND'
    yield { type, header: 8, payload: isLast ? 0 : ahead.readUInt32BE(0), trailer: 4 }
    if (isLast) return true
  }
}

/** Writes one chunk, checksum included. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + data.length)
  chunk.writeUInt32BE(data.length)
  chunk.write(type, 4, 'latin1')
  data.copy(chunk, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length)
  return chunk
}

/** Removes `acTL`, which marks an animation, and bytes after the end, because jimp's decoder refuses both. */
export function stillPng(png: Uint8Array): Buffer {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.length)
  const kept: Buffer[] = []
  walkAll(bytes, read(), [
    ({ type, offset, length }) => {
      if (type !== 'acTL') kept.push(bytes.subarray(offset, offset + length))
    },
  ])
  return Buffer.concat(kept)
}

/**
 * Moves an eXIf chunk that follows the pixels in front of them. The specification allows both (W3C PNG, 5.6), but libpng and
 * libspng stop reading after the pixels. Returns other files unchanged.
 */
export function withEarlyExif(png: Uint8Array): Uint8Array {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.length)
  let pixels: number | undefined
  let exif: Segment | undefined
  walkAll(bytes, read(), [
    (segment) => {
      if (segment.type === 'IDAT') pixels ??= segment.offset
      if (segment.type === 'eXIf') exif ??= segment
    },
  ])
  if (pixels === undefined || exif === undefined || exif.offset < pixels) return png
  const chunk = bytes.subarray(exif.offset, exif.offset + exif.length)
  return Buffer.concat([bytes.subarray(0, pixels), chunk, bytes.subarray(pixels)])
}

/** Keeps only what the pixels need: header, palette, transparency and data. */
export function barePng(png: Buffer): Buffer {
  return Buffer.concat(essentialParts(png).map(({ bytes }) => bytes))
}

/**
 * The same over a color, `#rrggbb`, without decoding: each color of the palette is composited. Undefined for a PNG whose
 * transparency is not in its palette.
 */
export function barePngOver(png: Buffer, background: string): Buffer | undefined {
  const parts = essentialParts(png)
  const [colors, alphas] = ['PLTE', 'tRNS'].map((name) =>
    parts.find(({ type }) => type === name)?.bytes.subarray(8, -4),
  )
  if (!isPaletted(png) || !colors || !alphas) return undefined
  const behind = Buffer.from(background.slice(1), 'hex')
  const mixed = colors.map((color, i) => {
    const alpha = (alphas[Math.floor(i / 3)] ?? 255) / 255
    return Math.round(color * alpha + (behind[i % 3] ?? 0) * (1 - alpha))
  })
  const opaque = parts.filter(({ type }) => type !== 'tRNS')
  return Buffer.concat(
    opaque.map(({ type, bytes }) => (type === 'PLTE' ? pngChunk('PLTE', Buffer.from(mixed)) : bytes)),
  )
}

/** Color type 3 in IHDR, which comes first. */
function isPaletted(png: Buffer): boolean {
  return png[SIGNATURE.length + 8 + 9] === 3
}

function essentialParts(png: Buffer): { type: string; bytes: Buffer }[] {
  const parts: { type: string; bytes: Buffer }[] = []
  walkAll(png, read(), [
    ({ offset, length }) => {
      const type = offset === 0 ? 'signature' : png.toString('latin1', offset + 4, offset + 8)
      if (offset === 0 || ESSENTIAL.has(type))
        parts.push({ type, bytes: png.subarray(offset, offset + length) })
    },
  ])
  return parts
}

const ESSENTIAL = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'])

/** IHDR: width, height (4 bytes each), bit depth, color type, two methods, interlacing (W3C PNG, 11.2.1). */
function sizeIn(header: Buffer): Size | undefined {
  return header.length < 8 ? undefined : { width: header.readUInt32BE(0), height: header.readUInt32BE(4) }
}

function dimensions(): Fold<Size | undefined> {
  let size: Size | undefined
  return {
    visit({ type, payload }) {
      if (type === 'IHDR') size ??= sizeIn(payload)
    },
    result: () => size,
  }
}

/** Limit for all compressed texts and the color profile together. A profile has a few megabytes at most. */
const MAX_INFLATED_BYTES = 8 * 1024 * 1024
/** Measured: a decoder holds an interlaced picture completely, plus 30 %. */
const HELD_FACTOR = 1.3
/** Decoders keep all of them, and this decompresses each; photographs have a few dozen, and one profile. */
const MAX_TEXTS = 1000
const TEXTS = new Set(['tEXt', 'zTXt', 'iTXt', 'iCCP'])

function structure(): Fold<Structure> {
  let header: Buffer | undefined
  let headers = 0
  let frames = 0
  let texts = 0
  let inflatedBytes = 0
  return {
    visit({ type, payload }) {
      if (type === 'IHDR') {
        header ??= payload
        headers++
      }
      if (type === 'fcTL') frames++
      if (TEXTS.has(type)) texts++
      const deflated = DEFLATED[type]?.(payload)
      // The decoder decides about damaged data.
      if (deflated && texts <= MAX_TEXTS && inflatedBytes <= MAX_INFLATED_BYTES)
        inflatedBytes += inflate(deflated).bytes
    },
    result() {
      const extent = (header && sizeIn(header)) ?? { width: 0, height: 0 }
      const isInterlaced = header?.[12] === 1
      const heldPerPixel = header && isInterlaced ? bytesPerPixel(header) * HELD_FACTOR : 0
      return {
        frames: Math.max(1, frames),
        extent,
        heldBytes: extent.width * extent.height * heldPerPixel,
        ...faultOf(headers, texts, inflatedBytes),
      }
    },
  }
}

/** A palette is decoded to colors, which can have transparency. */
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 4, 4: 2, 6: 4 }

function bytesPerPixel(header: Buffer): number {
  return (CHANNELS[header[9] ?? 6] ?? 4) * (header[8] === 16 ? 2 : 1)
}

function faultOf(headers: number, texts: number, inflatedBytes: number): { fault?: string } {
  if (headers > 1) return { fault: 'has more than one header' }
  if (texts > MAX_TEXTS)
    return { fault: `has ${texts} chunks of texts and color profiles; the limit is ${MAX_TEXTS}` }
  if (inflatedBytes > MAX_INFLATED_BYTES)
    return { fault: 'has texts or a color profile of more than 8 MB when decompressed' }
  return {}
}

/** Stops at the limit. `data` is missing if the input is damaged or too long. */
function inflate(deflated: Buffer): { bytes: number; data?: Buffer } {
  try {
    const data = inflateSync(deflated, { maxOutputLength: MAX_INFLATED_BYTES })
    return { bytes: data.length, data }
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return { bytes: isTooLong ? MAX_INFLATED_BYTES + 1 : 0 }
  }
}

/**
 * Returns the zlib data. In `iCCP` and `zTXt` it follows a keyword, a zero and a method; in `iTXt` a keyword, a zero, a flag,
 * a method and two more texts that end with a zero, and the flag says whether it is compressed (W3C PNG, 11.3.2.3 and 11.3.3).
 */
const DEFLATED: Record<string, (data: Buffer) => Buffer | undefined> = {
  iCCP: (data) => data.subarray(data.indexOf(0) + 2),
  zTXt: (data) => data.subarray(data.indexOf(0) + 2),
  iTXt: (data) => {
    const { isCompressed, text } = internationalText(data)
    return isCompressed ? text : undefined
  },
}

function internationalText(data: Buffer): { isCompressed: boolean; text?: Buffer } {
  const flag = data.indexOf(0) + 1
  const language = data.indexOf(0, flag + 2)
  const translated = data.indexOf(0, language + 1)
  if (flag === 0 || language === -1 || translated === -1) return { isCompressed: false }
  return { isCompressed: data[flag] === 1, text: data.subarray(translated + 1) }
}

/** The keyword of a text and its content, decompressed; no content if it is damaged. */
function textIn(type: string, data: Buffer): { keyword: string; text?: Buffer | undefined } {
  const end = data.indexOf(0)
  const keyword = data.toString('latin1', 0, Math.max(0, end))
  const deflated = DEFLATED[type]?.(data)
  if (deflated) return { keyword, text: inflate(deflated).data }
  return { keyword, text: type === 'iTXt' ? internationalText(data).text : data.subarray(end + 1) }
}

/**
 * Metadata in texts: XMP, and what ImageMagick and libraries after it write as `Raw profile type exif`, `APP1` or `xmp`: a
 * name, a length, and hex digits in lines.
 */
function addText(metadata: EmbeddedMetadata, { keyword, text }: ReturnType<typeof textIn>): void {
  if (!text) return
  if (keyword === 'XML:com.adobe.xmp') metadata.addXmp(text)
  const kind = keyword.match(/^Raw profile type (exif|app1|xmp)$/i)?.[1]?.toLowerCase()
  if (!kind) return
  const digits = text.toString('latin1').replace(/^\s*\S[^\n]*\n\s*\d+\s/, '')
  const profile = Buffer.from(digits.replace(/\s+/g, ''), 'hex')
  if (kind === 'xmp' || profile.includes('http://ns.adobe.com/')) metadata.addXmp(profile)
  else metadata.addForeignExif(profile)
}

function traits(): Fold<Traits> {
  const found: Traits = {}
  const metadata = new EmbeddedMetadata()
  const colors: ColorChunks = {}
  /** Decoders ignore declarations of colors after the first pixels (W3C PNG, 5.6). */
  let hasPixels = false
  return {
    visit({ type, payload }) {
      if (type === 'acTL') found.isAnimated = true
      if (type === 'caBX' && isManifestStore(payload)) found.hasContentCredentials = true
      if (type === 'eXIf') metadata.addExif(payload)
      if (type === 'IDAT') hasPixels = true
      if (type === 'iCCP' && !hasPixels) colors.profile ??= profileIn(payload)
      if (isColorChunk(type) && !hasPixels) colors[type] ??= payload
      if (!TEXTS.has(type)) return
      const text = textIn(type, payload)
      addText(metadata, text)
      if (text.keyword === 'Creation Time' && text.text) found.creationTime ??= text.text.toString('latin1')
    },
    result: () => ({ ...found, ...metadata.result(), ...declaredColors(colors) }),
  }
}

const profileIn = (iCCP: Buffer) => inflate(DEFLATED.iCCP?.(iCCP) ?? iCCP).data ?? Buffer.alloc(0)

const isColorChunk = (type: string): type is (typeof COLOR_CHUNKS)[number] =>
  COLOR_CHUNKS.some((one) => one === type)

export const png: Format = {
  contentType: 'image/png',
  matches: (start) => start.subarray(0, SIGNATURE.length).equals(SIGNATURE),
  read,
  dimensions,
  structure,
  traits,
  advice: 'Save it without interlacing, or resize it.',
}
