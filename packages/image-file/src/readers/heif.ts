import type { ImageType } from '@darkroom/core'
import { C2PA_BOX } from '../content-credentials.ts'
import { EmbeddedMetadata } from '../embedded-metadata.ts'
import type { Fold, Format, Reader, Segment, Size, Structure, Traits } from '../segments.ts'
import { addItems, type ItemBoxes } from './heif-items.ts'

/** Boxes at the top level. Anything else after the image data is not part of the image. */
const TOP_LEVEL = new Set('ftyp meta moov mdat moof mfra free skip uuid sidx styp wide'.split(' '))

/** Boxes that contain boxes, with the number of bytes before the first one (`meta` has a version and flags). */
const CONTAINERS: Record<string, number> = { meta: 4, 'meta/iprp': 0, 'iprp/ipco': 0 }

/** The part of a box inside `meta` that is read. Its properties are much smaller. */
const MAX_LOOKAHEAD_BYTES = 256 * 1024

/**
 * AVIF and HEIC (ISO/IEC 14496-12, sections 4.2 and 8.11): boxes of `size type …`. A size of 0 extends to the end, and 1
 * means that 64 bits follow. The image data is in `mdat`, or in an `idat` inside `meta`. The name of a nested box includes
 * its parent: `ipco/ispe`.
 */
function* read(): Reader {
  let hasData = false
  for (;;) {
    const ahead = yield 16
    if (ahead.length < 8) return hasData
    const type = ahead.toString('latin1', 4, 8)
    if (hasData && !TOP_LEVEL.has(type)) return true
    const { header, size } = boxHead(ahead, Number.POSITIVE_INFINITY)
    if (size < header) return false
    const hasInlineData = yield* readBox(type, header, size)
    hasData ||= type === 'mdat' || hasInlineData
    if (size === Number.POSITIVE_INFINITY) return hasData
  }
}

function boxHead(box: Buffer, toTheEnd: number): { header: number; size: number } {
  const size = box.readUInt32BE(0)
  if (size === 0) return { header: 8, size: toTheEnd }
  if (size !== 1) return { header: 8, size }
  return { header: 16, size: box.length >= 16 ? Number(box.readBigUInt64BE(8)) : 0 }
}

/** @returns whether it contains image data */
function* readBox(type: string, header: number, size: number): Reader {
  const before = CONTAINERS[type]
  if (before === undefined) {
    yield { type, header, payload: size - header }
    return type === 'meta/idat'
  }
  yield { type, header: header + before, payload: 0 }
  const name = type.slice(-4)
  let left = size - header - before
  let hasData = false
  while (left >= 8) {
    const ahead = yield Math.min(left, 16)
    if (ahead.length < 8) break
    const head = boxHead(ahead, left)
    if (head.size < head.header) break
    const childSize = Math.min(head.size, left)
    yield Math.min(childSize, MAX_LOOKAHEAD_BYTES)
    const hasInlineData = yield* readBox(`${name}/${ahead.toString('latin1', 4, 8)}`, head.header, childSize)
    hasData ||= hasInlineData
    left -= childSize
  }
  yield { type: 'rest', header: 0, payload: Math.max(0, left) }
  return hasData
}

const TYPES: Record<string, ImageType> = {
  avif: 'image/avif',
  avis: 'image/avif',
  heic: 'image/heic',
  heix: 'image/heic',
}
/** Enough for sixty brands; files have three to ten. */
const MAX_BRANDS_BYTES = 256

/**
 * The type by its brands. If the first one is `mif1` (any HEIF), another one names the codec, which some cameras and
 * programs write (ISO/IEC 23008-12, 10.2.2 and B.4; AVIF 1.1, section 6).
 */
function typeOf(start: Buffer): ImageType | undefined {
  if (start.toString('latin1', 4, 8) !== 'ftyp') return undefined
  const [first = '', ...others] = brandsIn(
    start.subarray(8, Math.min(start.readUInt32BE(0), MAX_BRANDS_BYTES)),
  )
  const brand = first === 'mif1' ? others.find((one) => one in TYPES) : first
  return brand === undefined ? undefined : TYPES[brand]
}

/** Brands of pictures that are neither AVIF nor HEIC: other codecs, and sequences (ISO/IEC 23008-12, annex B). */
const OTHER_PICTURES = new Set(
  'mif1 mif2 msf1 heim heis hevc hevx hevm hevs miaf jpeg jpgs avci avcs j2ki j2is vvic'.split(' '),
)

/** Whether a file is HEIF of any codec. */
export function isHeif(file: Uint8Array): boolean {
  const start = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, 12))
  return start.toString('latin1', 4, 8) === 'ftyp' && OTHER_PICTURES.has(start.toString('latin1', 8, 12))
}

/** The first brand, a version, the others: 4 bytes each. */
function brandsIn(ftyp: Buffer): string[] {
  const [first, , ...others] = ftyp.toString('latin1').match(/.{4}/gs) ?? []
  return first === undefined ? [] : [first, ...others]
}

/** `ispe`: version and flags, width, height, 4 bytes each (ISO/IEC 23008-12, 6.5.3). */
function sizeIn({ type, payload }: Segment): Size | undefined {
  if (type !== 'ipco/ispe' || payload.length < 12) return undefined
  return { width: payload.readUInt32BE(4), height: payload.readUInt32BE(8) }
}

/**
 * The size of the primary picture, not of its tiles or its thumbnail. `pitm` has its id, and `ipma` lists which
 * properties in `ipco` belong to it (ISO/IEC 14496-12, 8.11.4 and 8.11.14).
 */
function dimensions(): Fold<Size | undefined> {
  let primary: number | undefined
  let property = 0
  const sizes = new Map<number, Size>()
  const associations: Buffer[] = []
  return {
    visit(segment) {
      const { type, payload } = segment
      if (type === 'meta/pitm') primary = primaryIn(payload)
      if (type === 'iprp/ipma') associations.push(payload)
      if (type === 'iprp/ipco') property = 0
      if (!type.startsWith('ipco/')) return
      property++
      const size = sizeIn(segment)
      if (size) sizes.set(property, size)
    },
    result() {
      if (primary === undefined || sizes.size === 0) return undefined
      const own = new Set(associations.flatMap((ipma) => propertiesOf(primary, ipma)))
      return [...sizes].find(([property]) => own.has(property))?.[1]
    },
  }
}

/** Version and flags, then an id of 2 bytes, or of 4 in version 1. */
function primaryIn(pitm: Buffer): number | undefined {
  const bytes = pitm[0] === 0 ? 2 : 4
  return pitm.length < 4 + bytes ? undefined : pitm.readUIntBE(4, bytes)
}

/**
 * Version and flags, a count, then for each item its id (2 bytes, or 4 in version 1), a count, and the numbers of its
 * properties, starting at 1 (1 byte each, or 2 if a flag is set). Their highest bit marks essential properties.
 */
function propertiesOf(item: number | undefined, ipma: Buffer): number[] {
  if (ipma.length < 8) return []
  const idBytes = ipma[0] === 0 ? 2 : 4
  const numberBytes = (ipma[3] ?? 0) & 1 ? 2 : 1
  const mask = numberBytes === 1 ? 0x7f : 0x7fff
  let at = 8
  while (at + idBytes + 1 <= ipma.length) {
    const count = ipma.readUInt8(at + idBytes)
    const numbers = at + idBytes + 1
    const next = numbers + count * numberBytes
    if (next > ipma.length) return []
    if (ipma.readUIntBE(at, idBytes) === item)
      return Array.from(
        { length: count },
        (_, n) => ipma.readUIntBE(numbers + n * numberBytes, numberBytes) & mask,
      )
    at = next
  }
  return []
}

/** Measured bytes per pixel, with any subsampling: planes, colors, and libheif's conversions. */
interface HeldPerPixel {
  /** With 8 bits per channel. */
  usual: number
  highBitDepth: number
}

/** The largest of its pictures counts, including tiles, their grid, alpha and thumbnails. */
function structure(heldPerPixel: HeldPerPixel): Fold<Structure> {
  let extent: Size = { width: 0, height: 0 }
  let held = heldPerPixel.usual
  return {
    visit(segment) {
      const size = sizeIn(segment)
      if (size && size.width * size.height > extent.width * extent.height) extent = size
      if (hasHighBitDepth(segment)) held = heldPerPixel.highBitDepth
    },
    result: () => ({ frames: 1, extent, heldBytes: extent.width * extent.height * held }),
  }
}

/**
 * `av1C`: version, profile and level, then a byte of tier, high bit depth, twelve bits, … (AV1-ISOBMFF, 2.3.3). `hvcC`: 17
 * bytes, then five bits reserved and three of luma's depth less 8 (ISO/IEC 14496-15, 8.3.2.1).
 */
function hasHighBitDepth({ type, payload }: Segment): boolean {
  if (type === 'ipco/av1C') return ((payload[2] ?? 0) & 0x40) !== 0
  return type === 'ipco/hvcC' && ((payload[17] ?? 0) & 0x07) !== 0
}

/** ITU-T H.273, tables 2 and 3. Primaries: BT.709, unspecified and both BT.601. Transfers: PQ and HLG, used for HDR. */
const USUAL_PRIMARIES = [1, 2, 5, 6]
const HDR_TRANSFERS = [16, 18]

/**
 * The brands in `ftyp`: `avis` is an animation, `tmap` a gain map. `colr` has a kind, then an ICC profile (`prof`, or `rICC`,
 * which allows fewer kinds of profiles) or code points (ISO/IEC 14496-12, 12.1.5).
 */
function traits(): Fold<Traits> {
  const found: Traits = {}
  let hasOtherCodePoints: boolean | undefined
  const boxes: ItemBoxes = { data: [] }
  return {
    visit({ type, payload, offset, length }) {
      if (type === 'meta/iinf') boxes.information = payload
      if (type === 'meta/iloc') boxes.locations = payload
      if (type === 'meta/idat') boxes.inline = payload
      if (type === 'mdat') {
        const start = length === Number.POSITIVE_INFINITY ? offset + 8 : offset + length - payload.length
        boxes.data.push({ start, content: payload })
      }
      if (type === 'uuid' && payload.subarray(0, C2PA_BOX.length).equals(C2PA_BOX))
        found.hasContentCredentials = true
      if (type === 'ftyp') {
        const brands = brandsIn(payload)
        found.isAnimated = brands.includes('avis')
        found.hasGainMap = brands.includes('tmap')
      }
      if (type !== 'ipco/colr') return
      const kind = payload.toString('latin1', 0, 4)
      if (kind === 'prof' || kind === 'rICC') found.profile ??= payload.subarray(4)
      if (kind === 'nclx') hasOtherCodePoints ??= isOther(payload)
    },
    result() {
      const metadata = new EmbeddedMetadata()
      addItems(metadata, boxes)
      const hasOtherColors = !found.profile && hasOtherCodePoints === true
      return { ...found, ...metadata.result(), hasOtherColors }
    },
  }
}

/** Primaries and transfer are 2 bytes each. */
function isOther(nclx: Buffer): boolean {
  if (nclx.length < 8) return false
  return !USUAL_PRIMARIES.includes(nclx.readUInt16BE(4)) || HDR_TRANSFERS.includes(nclx.readUInt16BE(6))
}

/**
 * Makes a still picture's file of an AVIF sequence, in place of the first brand. Its primary picture is the first frame, and
 * libvips does not recognise the brand of sequences. Returns other files unchanged.
 */
export function stillAvif(avif: Uint8Array): Uint8Array {
  const bytes = Buffer.from(avif.buffer, avif.byteOffset, avif.length)
  if (bytes.toString('latin1', 4, 12) !== 'ftypavis') return avif
  return Buffer.concat([bytes.subarray(0, 8), Buffer.from('avif', 'latin1'), bytes.subarray(12)])
}

function heif(contentType: 'image/avif' | 'image/heic', heldPerPixel: HeldPerPixel): Format {
  return {
    contentType,
    matches: (start) => typeOf(start) === contentType,
    read,
    dimensions,
    structure: () => structure(heldPerPixel),
    traits,
    advice: 'Save it with 8 bits per channel, or resize it.',
  }
}

export const avif = heif('image/avif', { usual: 18, highBitDepth: 26 })

/** In WebAssembly, without sharp's memory: the pixels are not copied again. */
export const heic = heif('image/heic', { usual: 15, highBitDepth: 24 })
