import { isManifestStore } from '../content-credentials.ts'
import { EmbeddedMetadata, EXIF_PREFIX } from '../embedded-metadata.ts'
import { orientationIn, orientationOnly } from '../exif.ts'
import {
  type Fold,
  type Format,
  type Reader,
  type Segment,
  type Size,
  type Structure,
  type Traits,
  walkAll,
} from '../segments.ts'

const START_OF_SCAN = 0xda
const END_OF_IMAGE = Buffer.from([0xff, 0xd9])
/** JPEG-LS, which starts like a JPEG. */
const JPEG_LS = 0xf7
/** A frame header with four components. */
const MAX_HEADER_BYTES = 22

/** SOF0 to SOF15, except DHT, JPG and DAC, whose numbers are in the same range. */
const isFrameHeader = (marker = 0) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

/** TEM and RST0 to RST7 have no length after them. */
const isStandalone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)

/**
 * JPEG (ITU-T T.81, annex B): marker segments `FF xx length…`, where the length counts itself, up to the first scan.
 * Stray bytes between them are skipped, as decoders do. From the first scan on, entropy-coded data writes a literal FF
 * as `FF 00`, so `FF D9` can only be the end, and any other `FF xx` is a marker.
 */
function* read(): Reader {
  yield { type: 'SOI', header: 2, payload: 0 }
  for (let marker = 0; marker !== START_OF_SCAN; ) {
    const ahead = yield MAX_HEADER_BYTES
    if (ahead.length < 4) return false
    marker = ahead[0] === 0xff ? ahead.readUInt8(1) : 0
    if (marker === 0 || marker === 0xff)
      yield { type: 'stray', header: 0, payload: nextMarker(ahead, 1) ?? ahead.length }
    else if (isStandalone(marker)) yield { type: nameOf(marker), header: 2, payload: 0 }
    else yield { type: nameOf(marker), header: 4, payload: ahead.readUInt16BE(2) - 2 }
  }
  for (;;) {
    const ahead = yield 2
    if (ahead.length < 2) return false
    const end = ahead.indexOf(END_OF_IMAGE)
    // The last byte can be the first byte of EOI.
    yield { type: 'scans', header: 0, payload: end === -1 ? ahead.length - 1 : end }
    if (end === -1) continue
    yield { type: 'EOI', header: 2, payload: 0 }
    return true
  }
}

/** The position of the next `FF xx` that is neither fill bytes nor a literal FF, or of an FF at the end. */
function nextMarker(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(0xff, from); at !== -1; at = bytes.indexOf(0xff, at + 1)) {
    // A file may consist of these, and a call for each would take seconds.
    while (bytes[at + 1] === 0xff) at++
    while (bytes[at + 1] === 0x00 && bytes[at + 2] === 0xff) at += 2
    if (bytes[at + 1] !== 0x00 && bytes[at + 1] !== 0xff) return at
  }
  return undefined
}

const NAMES: Record<number, string> = {
  225: 'APP1',
  226: 'APP2',
  235: 'APP11',
  237: 'APP13',
  218: 'SOS',
  219: 'DQT',
}

function nameOf(marker: number): string {
  return isFrameHeader(marker) ? 'SOF' : (NAMES[marker] ?? marker.toString(16))
}

/** A frame header: precision (1 byte), height and width (2 bytes each), and a count of components. */
function sizeIn(frameHeader: Buffer): Size | undefined {
  if (frameHeader.length < 5) return undefined
  return { width: frameHeader.readUInt16BE(3), height: frameHeader.readUInt16BE(1) }
}

function dimensions(): Fold<Size | undefined> {
  let size: Size | undefined
  return {
    visit({ type, payload }) {
      if (type === 'SOF') size ??= sizeIn(payload)
    },
    result: () => size,
  }
}

/** Encoders write 1 to about 20. Each scan needs a pass over the whole image, and can be as short as 60 bytes. */
const MAX_SCANS = 100
/** In the scans. With 200 megapixels and a restart after each block of 64 there are 3.1 million. */
const MAX_MARKERS = 4_000_000
/** Fill and stray bytes between segments. */
const MAX_STRAY_BYTES = 1_000_000

/** Decoders hold a file with several scans as coefficients of 2 bytes. */
function structure(): Fold<Structure> {
  let header: Buffer | undefined
  let headers = 0
  let scans = 0
  let markers = 0
  let strayBytes = 0
  return {
    visit({ type, payload }) {
      if (type === 'stray') strayBytes += payload.length
      if (type === 'SOF') {
        header ??= payload
        headers++
      }
      if (type === 'SOS') scans++
      if (type !== 'scans') return
      for (let at = nextMarker(payload, 0); at !== undefined; at = nextMarker(payload, at + 1)) {
        if (++markers > MAX_MARKERS) return
        if (payload[at + 1] === START_OF_SCAN) scans++
        if (isFrameHeader(payload[at + 1])) headers++
      }
    },
    result() {
      const extent = (header && sizeIn(header)) ?? { width: 0, height: 0 }
      const samples = header ? samplesPerPixel(header) : 0
      return {
        frames: 1,
        extent,
        heldBytes: scans > 1 ? 2 * extent.width * extent.height * samples : 0,
        ...faultOf({ headers, scans, markers, strayBytes }),
      }
    },
  }
}

/** After the count of components (byte 5), each has its number, its sampling (4 bits across, 4 down) and its table. */
function samplesPerPixel(header: Buffer): number {
  const count = Math.min(header[5] ?? 0, 4)
  const samplings = Array.from({ length: count }, (_, n) => header[7 + 3 * n] ?? 0x11)
  const across = Math.max(1, ...samplings.map((sampling) => sampling >> 4))
  const down = Math.max(1, ...samplings.map((sampling) => sampling & 15))
  const samples = samplings.reduce((sum, sampling) => sum + (sampling >> 4) * (sampling & 15), 0)
  return samples / (across * down)
}

function faultOf(found: Record<'headers' | 'scans' | 'markers' | 'strayBytes', number>): { fault?: string } {
  const { headers, scans, markers, strayBytes } = found
  if (headers > 1) return { fault: 'has more than one frame header' }
  if (scans > MAX_SCANS) return { fault: `has ${scans} scans; the limit is ${MAX_SCANS}` }
  if (strayBytes > MAX_STRAY_BYTES)
    return { fault: `has ${(strayBytes / 1e6).toFixed(0)} MB between its segments; the limit is 1 MB` }
  if (markers > MAX_MARKERS) return { fault: `has more than ${MAX_MARKERS} markers in its data` }
  return {}
}

/** T.81, B.1.1.2: any number of FF may precede a marker. */
const isFill = (bytes: Buffer) => bytes.every((byte) => byte === 0xff)

/** Removes bytes between segments that belong to none, because jimp's decoder refuses them. */
export function withoutStrayBytes(jpeg: Uint8Array): Buffer {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length)
  const kept: Buffer[] = []
  const { end } = walkAll(bytes, read(), [
    ({ type, offset, length }) => {
      if (type !== 'stray') kept.push(bytes.subarray(offset, offset + length))
    },
  ])
  return Buffer.concat([...kept, bytes.subarray(end)])
}

/** Above it, copying the file costs more than a decoder saves. */
const MAX_COPIED_BYTES = 1024 * 1024

/**
 * Leaves nothing in a small JPEG's EXIF but the orientation: libvips reads all tags each time that it opens a file, which
 * takes as long as a third of decoding 0.3 megapixels. The same JPEG if its EXIF is damaged, or in more than one block.
 */
export function withLittleExif(jpeg: Uint8Array, traits: Traits): Uint8Array {
  const { exif } = traits
  const little = littleExif(jpeg, traits)
  if (!exif || !little) return jpeg
  const from = exif.byteOffset - jpeg.byteOffset
  const prefix = from - EXIF_PREFIX.length
  const length = Buffer.alloc(2)
  length.writeUInt16BE(length.length + EXIF_PREFIX.length + little.length)
  return Buffer.concat([
    jpeg.subarray(0, prefix - length.length),
    length,
    jpeg.subarray(prefix, from),
    little,
    jpeg.subarray(from + exif.length),
  ])
}

function littleExif(jpeg: Uint8Array, { exif, furtherExif }: Traits): Buffer | undefined {
  if (jpeg.length > MAX_COPIED_BYTES || !exif || furtherExif || !isPartOf(jpeg, exif)) return undefined
  return orientationOnly(exif)
}

/** Baseline, extended and progressive: what cameras and programs write. */
const USUAL = new Set([0xc0, 0xc1, 0xc2])

export interface JpegHeader extends Size {
  isGrey: boolean
  /** Of EXIF, 1 to 8. */
  orientation: number
}

/**
 * What `withLittleExif` leaves, so that a decoder need not be asked: asking libvips takes as long as a quarter of decoding 0.3
 * megapixels. Undefined unless it is a usual JPEG of which every decoder says the same.
 */
export function headerOfJpeg(image: Uint8Array, traits: Traits): JpegHeader | undefined {
  const { jpeg, exif, hasStrayBytes } = traits
  if (!jpeg || hasStrayBytes || !USUAL.has(image[jpeg.frame + 1] ?? 0)) return undefined
  const header = Buffer.from(image.buffer, image.byteOffset + jpeg.frame + 4, 6)
  const components = header[5]
  if (header[0] !== 8 || (components !== 1 && components !== 3)) return undefined
  const little = littleExif(image, traits)
  const orientation = little ? orientationIn(little) : exif ? undefined : 1
  const size = sizeIn(header)
  if (!orientation || !size || size.width * size.height === 0) return undefined
  return { ...size, orientation, isGrey: components === 1 }
}

/** EXIF of two segments is a copy of both. */
function isPartOf(whole: Uint8Array, part: Uint8Array): boolean {
  const from = part.byteOffset - whole.byteOffset
  return part.buffer === whole.buffer && from >= 0 && from + part.length <= whole.length
}

/** Frames of which libjpeg reads no more data than their lines need: baseline, extended, and with arithmetic codes. */
const SEQUENTIAL = new Set([0xc0, 0xc1, 0xc9])

/**
 * A sequential JPEG without EOI. A decoder reads some bytes ahead, so it meets the end of the file, unless damage made it finish
 * before the end of the data. What it needs is there, so the picture is the same.
 */
export function withoutEnd(image: Uint8Array, { jpeg }: Traits): Uint8Array | undefined {
  if (!jpeg || !SEQUENTIAL.has(image[jpeg.frame + 1] ?? 0)) return undefined
  return image.subarray(0, jpeg.scans.offset + jpeg.scans.length)
}

/** A sequential JPEG without the last byte of its data. A decoder misses it, unless damage made it finish before. */
export function withoutLastByte(image: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length)
  const { visit, result } = traits()
  walkAll(bytes, read(), [visit])
  const found = result()
  const endless = withoutEnd(bytes, found)
  if (!found.jpeg || !endless) return undefined
  const from = found.jpeg.scans.offset
  const end = from + endOfData(bytes.subarray(from, endless.length))
  const last = bytes[end - 2] === 0xff && bytes[end - 1] === 0 ? 2 : 1 // FF 00 is one byte
  return Buffer.concat([bytes.subarray(0, end - last), bytes.subarray(end)])
}

/** Before EOI some cameras write a restart marker, or another segment. */
function endOfData(scans: Buffer): number {
  let end = nextMarker(scans, 0)
  while (end !== undefined && isRestart(scans, end)) end = nextMarker(scans, end + 1)
  let last = end ?? scans.length
  while (isRestart(scans, last - 2)) last -= 2
  return last
}

function isRestart(jpeg: Buffer, at: number): boolean {
  const marker = jpeg[at + 1] ?? 0
  return jpeg[at] === 0xff && marker >= 0xd0 && marker <= 0xd7
}

/** What a picture needs: frames 0 to 2, tables and scans. Browsers show no other frames. */
const ESSENTIAL = new Set([0xd8, 0xc0, 0xc1, 0xc2, 0xc4, 0xda, 0xdb, 0xdd])
/** What may be between scans. A marker inside a table looks like any other, which only costs a copy. */
const IN_SCANS = new Set([0xc4, 0xda, 0xdb, 0xdd, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7])
/** They say whether three components are YCbCr or RGB. The number is the length without a thumbnail. */
const COLOR_SEGMENTS: Record<number, { prefix: Buffer; length: number }> = {
  224: { prefix: Buffer.from('JFIF\0', 'latin1'), length: 14 },
  238: { prefix: Buffer.from('Adobe', 'latin1'), length: 12 },
}

/**
 * Keeps only what the pixels need. Nothing for a JPEG that browsers may not show, or that has other segments between or
 * behind its scans.
 */
export function bareJpeg(jpeg: Buffer): Buffer | undefined {
  const kept: Buffer[] = []
  let isBare = true
  walkAll(jpeg, read(), [
    ({ type, offset, length, payload }) => {
      const marker = jpeg[offset + 1] ?? 0
      if (type === 'stray') isBare &&= isFill(payload)
      else if (type === 'scans') {
        isBare &&= hasOnlyScans(payload)
        kept.push(payload)
      } else if (type === 'EOI') kept.push(END_OF_IMAGE)
      else if (ESSENTIAL.has(marker)) {
        if (type === 'SOF') isBare &&= payload[0] === 8 && (payload[5] === 1 || payload[5] === 3)
        kept.push(jpeg.subarray(offset, offset + length))
      } else if (type === 'SOF' || marker < 0xe0) isBare = false
      else kept.push(...colorSegment(marker, payload))
    },
  ])
  return isBare ? Buffer.concat(kept) : undefined
}

function hasOnlyScans(scans: Buffer): boolean {
  for (let at = nextMarker(scans, 0); at !== undefined; at = nextMarker(scans, at + 1))
    if (at + 1 < scans.length && !IN_SCANS.has(scans[at + 1] ?? 0)) return false
  return true
}

function colorSegment(marker: number, payload: Buffer): Buffer[] {
  const wanted = COLOR_SEGMENTS[marker]
  if (!wanted || payload.length < wanted.length || !startsWith(payload, wanted.prefix)) return []
  const segment = Buffer.from([0xff, marker, 0, 2 + wanted.length, ...payload.subarray(0, wanted.length)])
  if (marker === 224) segment.fill(0, segment.length - 2) // the thumbnail's width and height
  return [segment]
}

const PHOTOSHOP = Buffer.from('Photoshop 3.0\0', 'latin1')
const ICC = Buffer.from('ICC_PROFILE\0', 'latin1')
const MULTI_PICTURE = Buffer.from('MPF\0', 'latin1')
const GAIN_MAP = Buffer.from('urn:iso:std:iso:ts:21496', 'latin1')
/** Namespaces in XMP. */
const GAIN_MAPS_IN_XMP = ['http://ns.adobe.com/hdr-gain-map/', 'http://ns.apple.com/HDRGainMap/']

const startsWith = (payload: Buffer, prefix: Buffer) => payload.subarray(0, prefix.length).equals(prefix)

/** T.81, table K.1, and the table of mozjpeg (number 3), which is steeper: its last step is 26 times the first, not 6. */
const SUM_OF_STANDARD_TABLE = 3688
const SUM_OF_MOZJPEG_TABLE = 5720
const STEEP = 12

/**
 * A quantization table has a number (for luminance 0, 4 bits after those for its precision) and 64 steps. Encoders scale one of
 * two tables by the quality, so the sum of the steps gives it back.
 */
function qualityOf(table: Buffer): number | undefined {
  if (table.length < 65 || table[0] !== 0) return undefined
  const isSteep = (table[64] ?? 0) > STEEP * (table[1] ?? 0)
  const whole = isSteep ? SUM_OF_MOZJPEG_TABLE : SUM_OF_STANDARD_TABLE
  const percent = (100 * table.subarray(1, 65).reduce((sum, step) => sum + step, 0)) / whole
  return Math.min(100, Math.max(1, Math.round(percent <= 100 ? (200 - percent) / 2 : 5000 / percent)))
}

function traits(): Fold<Traits> {
  const found: Traits = {}
  const metadata = new EmbeddedMetadata()
  /** Photoshop's resources of more than 64 KB are in several segments, in order. */
  const resources: Buffer[] = []
  /** A profile of more than 64 KB is in several segments, each with its number before it, from 1 (ICC.1:2022, B.4). */
  const profile: Buffer[] = []
  let frame: number | undefined
  let scans: Pick<Segment, 'offset' | 'length'> | undefined
  return {
    visit({ type, offset, length, payload }) {
      if (type === 'APP1') {
        metadata.addApp1(payload)
        if (GAIN_MAPS_IN_XMP.some((namespace) => payload.includes(namespace))) found.hasGainMap = true
      }
      if (type === 'APP13' && startsWith(payload, PHOTOSHOP))
        resources.push(payload.subarray(PHOTOSHOP.length))
      if (type === 'APP2') {
        if (startsWith(payload, ICC)) profile.push(payload.subarray(ICC.length))
        if (startsWith(payload, MULTI_PICTURE)) found.hasMorePictures = true
        if (startsWith(payload, GAIN_MAP)) found.hasGainMap = true
      }
      // The letters JP, a number of the box (2 bytes) and one of its part (4 bytes).
      if (type === 'APP11' && isManifestStore(payload.subarray(8))) found.hasContentCredentials = true
      if (type === 'SOF') {
        found.isCmyk = payload[5] === 4
        frame ??= offset
      }
      if (type === 'scans') scans = { offset, length }
      if (type === 'EOI' && frame !== undefined && scans) found.jpeg = { frame, scans }
      if (type === 'DQT') found.quality ??= qualityOf(payload)
      if (type === 'stray') found.hasStrayBytes ||= !isFill(payload)
    },
    result() {
      metadata.addPhotoshopResources(Buffer.concat(resources))
      return {
        ...found,
        ...metadata.result(),
        ...(profile.length > 0 && { profile: inOrder(profile) }),
      }
    },
  }
}

/** Parts with their number and the count of parts before them, one byte each. */
function inOrder(parts: readonly Buffer[]): Buffer {
  const sorted = parts.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0))
  return Buffer.concat(sorted.map((part) => part.subarray(2)))
}

export const jpeg: Format = {
  contentType: 'image/jpeg',
  matches: (start) => start[0] === 0xff && start[1] === 0xd8 && start[2] === 0xff && start[3] !== JPEG_LS,
  read,
  dimensions,
  structure,
  traits,
  advice: 'Save it as a baseline (not progressive) JPEG, or resize it.',
}
