import type { ImageType } from '@darkroom/core'
import { C2PA_BOX } from '../content-credentials.ts'
import { EmbeddedMetadata } from '../embedded-metadata.ts'
import type { Fold, Format, Segment, Size, Structure, Traits } from '../segments.ts'
import { MAX_TABLE_BYTES, readBoxes } from './heif-boxes.ts'
import { declaredColors } from './heif-colors.ts'
import { addItems, firstPartOf, type ItemBoxes, typeOfItem } from './heif-items.ts'
import { primaryProperties } from './heif-properties.ts'

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

/** Whether a file is an AVIF sequence by its first brand. It may have a still picture, too. */
export function isAvifSequence(start: Uint8Array): boolean {
  return Buffer.from(start.buffer, start.byteOffset, start.length).toString('latin1', 4, 12) === 'ftypavis'
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

/** The size of the primary picture, not of its tiles or its thumbnail. */
function dimensions(): Fold<Size | undefined> {
  const properties = primaryProperties()
  const sizes = new Map<number, Size>()
  return {
    visit(segment) {
      properties.visit(segment)
      const size = sizeIn(segment)
      if (size) sizes.set(properties.last(), size)
    },
    result() {
      if (sizes.size === 0) return undefined
      const own = properties.result()
      return [...sizes].find(([property]) => own.has(property))?.[1]
    },
  }
}

/** Measured bytes per pixel: planes, colors, and libheif's conversions. */
interface HeldPerPixel {
  /** 8 bits a channel, colors at half the resolution. */
  usual: number
  /** 8 bits, colors at full resolution, or alpha. */
  full: number
  /** More bits, with the one or the other. */
  deep: number
  deepFull: number
}

/** What a decoder holds of a picture in one piece or a tile, and of the whole picture of a grid beside its tiles. */
interface Held {
  piece: HeldPerPixel
  grid: HeldPerPixel
  /** Tiles that it decodes at the same time. */
  tiles: number
}

const areaOf = ({ width, height }: Size) => width * height

/** What lists items, their places and properties. A thousand items need 20 KB. */
const TABLES = new Set('ftyp meta/iinf meta/iloc meta/iref iprp/ipma'.split(' '))

/** The largest of its pictures counts, including alpha and thumbnails. Of a grid, its first tile and the whole count. */
function structure(held: Held): Fold<Structure> {
  const tiles = tilesOfPrimary()
  let extent: Size = { width: 0, height: 0 }
  let [isDeep, isFull] = [false, false]
  let tableBytes = 0
  return {
    visit(segment) {
      if (TABLES.has(segment.type)) tableBytes += segment.length
      if (tableBytes > MAX_TABLE_BYTES) return
      tiles.visit(segment)
      const size = sizeIn(segment)
      if (size && areaOf(size) > areaOf(extent)) extent = size
      isDeep ||= hasHighBitDepth(segment)
      isFull ||= hasFullColors(segment) || isAlpha(segment)
    },
    result() {
      if (tableBytes > MAX_TABLE_BYTES) {
        const fault = `has tables of ${(tableBytes / 1e6).toFixed(0)} MB; the limit is 1 MB`
        return { frames: 1, extent, heldBytes: 0, fault }
      }
      const found = tiles.result()
      const kind = isDeep ? (isFull ? 'deepFull' : 'deep') : isFull ? 'full' : 'usual'
      const piece = areaOf(found?.tile ?? extent) * held.piece[kind]
      const heldBytes = found ? areaOf(found.whole) * held.grid[kind] + held.tiles * piece : piece
      return { frames: 1, extent, heldBytes }
    },
  }
}

/** The size of the primary picture and of its tiles, if it is a grid without alpha, which is a picture of its own. */
function tilesOfPrimary(): Fold<{ whole: Size; tile: Size } | undefined> {
  const properties = primaryProperties()
  const sizes = new Map<number, Size>()
  let [items, references]: Buffer[] = []
  let hasAlpha = false
  const sizeOf = (item: number) => {
    const own = properties.of(item)
    return [...sizes].find(([property]) => own.has(property))?.[1]
  }
  return {
    visit(segment) {
      const { type, payload } = segment
      properties.visit(segment)
      const size = sizeIn(segment)
      if (size) sizes.set(properties.last(), size)
      if (type === 'meta/iinf') items = payload
      if (type === 'meta/iref') references = payload
      hasAlpha ||= isAlpha(segment)
    },
    result() {
      const primary = properties.primary()
      if (primary === undefined || hasAlpha || !items || !references) return undefined
      if (typeOfItem(primary, items) !== 'grid') return undefined
      const first = firstPartOf(primary, references)
      const [whole, tile] = [sizeOf(primary), first === undefined ? undefined : sizeOf(first)]
      return whole && tile && { whole, tile }
    },
  }
}

/** ISO/IEC 23008-12, 6.6.2.1.1, and ISO/IEC 14496-15 for HEVC. */
const ALPHA = ['auxid:1', ':auxiliary:alpha'].map((name) => Buffer.from(name, 'latin1'))

const isAlpha = ({ type, payload }: Segment) =>
  type === 'ipco/auxC' && ALPHA.some((name) => payload.includes(name))

/**
 * `av1C`: version, profile and level, then a byte of tier, high bit depth, twelve bits, … (AV1-ISOBMFF, 2.3.3). `hvcC`: 17
 * bytes, then five bits reserved and three of luma's depth less 8 (ISO/IEC 14496-15, 8.3.2.1).
 */
function hasHighBitDepth({ type, payload }: Segment): boolean {
  if (type === 'ipco/av1C') return ((payload[2] ?? 0) & 0x40) !== 0
  return type === 'ipco/hvcC' && ((payload[17] ?? 0) & 0x07) !== 0
}

/** `av1C`: behind these and a bit for monochrome, whether colors have half the columns and half the rows. */
const hasFullColors = ({ type, payload }: Segment) =>
  type === 'ipco/av1C' && payload.length > 2 && ((payload[2] ?? 0) & 0x0c) !== 0x0c

/** The brands in `ftyp`: `avis` is an animation, `tmap` a gain map. */
function traits(): Fold<Traits> {
  const found: Traits = {}
  const colors = declaredColors()
  const turn = orientation()
  const boxes: ItemBoxes = { data: [] }
  return {
    visit(segment) {
      const { type, payload, offset, length } = segment
      colors.visit(segment)
      turn.visit(segment)
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
    },
    result() {
      const metadata = new EmbeddedMetadata()
      addItems(metadata, boxes)
      return { ...found, ...metadata.result(), ...colors.result(), ownOrientation: turn.result() }
    },
  }
}

/** By quarter turns, anti-clockwise: alone, and with top and bottom or left and right exchanged after that. */
const TURNED = [1, 8, 3, 6]
const TURNED_AND_MIRRORED = [
  [4, 5, 2, 7],
  [2, 7, 4, 5],
]

/** `irot` has the turns, `imir` the axis; the turn comes first (ISO/IEC 23008-12, 6.5.10 and 6.5.12). */
function orientation(): Fold<number> {
  const properties = primaryProperties()
  const found = new Map<number, Segment>()
  return {
    visit(segment) {
      properties.visit(segment)
      if (segment.type === 'ipco/irot' || segment.type === 'ipco/imir') found.set(properties.last(), segment)
    },
    result() {
      const own = properties.result()
      const lowBits = (type: string, bits: number) => {
        const box = [...found].find(([property, one]) => one.type === type && own.has(property))?.[1]
        return box && (box.payload[0] ?? 0) & bits
      }
      const [turns = 0, axis] = [lowBits('ipco/irot', 3), lowBits('ipco/imir', 1)]
      return (axis === undefined ? TURNED : TURNED_AND_MIRRORED[axis])?.[turns] ?? 1
    },
  }
}

/**
 * Makes a still picture's file of an AVIF sequence, in place of the first brand. Its primary picture is the first frame, and
 * libvips does not recognise the brand of sequences. Returns other files unchanged.
 */
export function stillAvif(avif: Uint8Array): Uint8Array {
  if (!isAvifSequence(avif)) return avif
  const bytes = Buffer.from(avif.buffer, avif.byteOffset, avif.length)
  return Buffer.concat([bytes.subarray(0, 8), Buffer.from('avif', 'latin1'), bytes.subarray(12)])
}

function heif(contentType: 'image/avif' | 'image/heic', held: Held): Format {
  return {
    contentType,
    matches: (start) => typeOf(start) === contentType,
    read: readBoxes,
    dimensions,
    structure: () => structure(held),
    traits,
    advice: 'Save it with 8 bits per channel, or resize it.',
  }
}

/** libheif puts tiles together in their planes, then converts these (decisions/0081-avif-in-tiles.md). */
export const avif = heif('image/avif', {
  piece: { usual: 15.5, full: 18, deep: 19, deepFull: 26 },
  grid: { usual: 5.5, full: 10, deep: 10.5, deepFull: 19.5 },
  tiles: 4,
})

/** In WebAssembly, without sharp's memory: the pixels are not copied again, and tiles decoded one by one. */
export const heic = heif('image/heic', {
  piece: { usual: 15, full: 15, deep: 24, deepFull: 24 },
  grid: { usual: 4, full: 4, deep: 4, deepFull: 4 },
  tiles: 1,
})
