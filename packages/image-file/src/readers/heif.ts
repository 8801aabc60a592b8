import type { ImageType } from '@darkroom/core'
import { C2PA_BOX } from '../content-credentials.ts'
import { EmbeddedMetadata } from '../embedded-metadata.ts'
import { spaceOfCodePoints } from '../rgb-space.ts'
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
import { addItems, firstPartOf, type ItemBoxes, typeOfItem } from './heif-items.ts'

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

interface Properties extends Fold<Set<number>> {
  primary(): number | undefined
  /** Those of any item. */
  of(item: number): Set<number>
  /** The number of the property that was visited last. */
  last(): number
}

/**
 * The numbers of the primary picture's properties. `pitm` has its id, and `ipma` lists which properties in `ipco` belong to it
 * (ISO/IEC 14496-12, 8.11.4 and 8.11.14).
 */
function primaryProperties(): Properties {
  let primary: number | undefined
  let property = 0
  const associations: Buffer[] = []
  const of = (item: number | undefined) => new Set(associations.flatMap((ipma) => propertiesOf(item, ipma)))
  return {
    visit({ type, payload }) {
      if (type === 'meta/pitm') primary = primaryIn(payload)
      if (type === 'iprp/ipma') associations.push(payload)
      if (type === 'iprp/ipco') property = 0
      if (type.startsWith('ipco/')) property++
    },
    primary: () => primary,
    of,
    last: () => property,
    result: () => of(primary),
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
  if (item === undefined || ipma.length < 8) return []
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
const MAX_TABLE_BYTES = 1_000_000

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
 * Makes code points such that both decoders understand them. If all are unspecified, they become what is meant, sRGB: libheif
 * would ignore the range beside them. A matrix that a decoder does not know becomes that of BT.2020: libheif would refuse the
 * picture, and libavif in WebAssembly return memory that it has not written. Returns other files unchanged.
 */
export function withSpecifiedColors(avif: Uint8Array): Uint8Array {
  const bytes = Buffer.from(avif.buffer, avif.byteOffset, avif.length)
  const changes: [at: number, codes: number[]][] = []
  walkAll(bytes, read(), [
    ({ type, offset, length, payload }) => {
      if (type !== 'ipco/colr' || payload.toString('latin1', 0, 4) !== 'nclx') return
      const start = offset + length - payload.length
      if (payload.toString('latin1', 4, 9) === '\0\x02\0\x02\0' && payload[9] === UNSPECIFIED)
        changes.push([start + 4, [0, 1, 0, 13]])
      else if (payload.length >= 10 && !hasKnownMatrix(payload.subarray(4)))
        changes.push([start + 8, [0, MATRIX_OF_BT2020]])
    },
  ])
  if (changes.length === 0) return avif
  const changed = Buffer.from(bytes)
  for (const [at, codes] of changes) changed.set(codes, at)
  return changed
}

const MATRIX_OF_BT2020 = 9
/**
 * Those of ITU-T H.273, table 4, that both decoders convert. Not among them: constant luminance (10, 13), YDzDx (11), ICtCp (14),
 * IPT (15), the reversible YCgCo (16, 17).
 */
const KNOWN_MATRICES = [0, 1, 2, 4, 5, 6, 7, 8, MATRIX_OF_BT2020, 12]

/** After primaries and transfer, 2 bytes each. */
const hasKnownMatrix = (nclx: Buffer) => nclx.length < 6 || KNOWN_MATRICES.includes(nclx.readUInt16BE(4))

type ColorTraits = Pick<Traits, 'profile' | 'space' | 'hasUnknownColors' | 'hasGreyOfVideo'>

/** A property of colors. */
interface ColorBox {
  property: number
  kind: string
  content: Buffer
}

/**
 * `colr` has a kind, then an ICC profile (`prof`, or `rICC`, which allows fewer kinds of profiles) or code points (`nclx`). If
 * there are both, the profile counts (ISO/IEC 14496-12, 12.1.5; MIAF, 7.3.6.4). `clli` and `mdcv` have luminances (12.1.6 and
 * 12.1.7). A picture of tiles may leave them to its tiles.
 */
function declaredColors(): Fold<ColorTraits> {
  const properties = primaryProperties()
  const boxes: ColorBox[] = []
  return {
    visit(segment) {
      properties.visit(segment)
      const { type, payload } = segment
      const property = properties.last()
      if (type === 'ipco/colr')
        boxes.push({ property, kind: payload.toString('latin1', 0, 4), content: payload.subarray(4) })
      if (type === 'ipco/clli' || type === 'ipco/mdcv' || type === 'ipco/av1C')
        boxes.push({ property, kind: type.slice(-4), content: payload })
    },
    result() {
      const numbers = properties.result()
      const own = boxes.filter(({ property }) => numbers.has(property))
      const first = (...kinds: string[]) =>
        [...own, ...boxes].find(({ kind }) => kinds.includes(kind))?.content
      const [nclx, profile] = [first('nclx'), first('prof', 'rICC')]
      const hasGreyOfVideo = isMonochrome(first('av1C')) && nclx !== undefined && !isFullRange(nclx)
      if (profile) return { profile, hasGreyOfVideo }
      if (!nclx) return {}
      const found = fromCodePoints(nclx, peakIn(first('clli'), first('mdcv')))
      return { ...found, ...(!hasKnownMatrix(nclx) && { hasUnknownColors: true }), hasGreyOfVideo }
    },
  }
}

/** `av1C`: after version, profile and level a byte of tier, high bit depth, twelve bits, monochrome, … (AV1-ISOBMFF, 2.3.3). */
const isMonochrome = (av1C: Buffer | undefined) => ((av1C?.[2] ?? 0) & 0x10) !== 0
/** After primaries, transfer and matrix, the highest bit. */
const isFullRange = (nclx: Buffer) => ((nclx[6] ?? 0) & 0x80) !== 0

/** As browsers have it: pictures with the curves of video (BT.709, BT.601, BT.2020) look right with that of sRGB. */
const SHOWN_AS_SRGB = [1, 2, 6, 14, 15]
const UNSPECIFIED = 2

/** Primaries and transfer are 2 bytes each. The decoder applies the rest, the matrix and the range. */
function fromCodePoints(nclx: Buffer, peakNits: number | undefined) {
  if (nclx.length < 4) return {}
  const [primaries, transfer] = [nclx.readUInt16BE(0), nclx.readUInt16BE(2)]
  const space = spaceOfCodePoints(
    primaries === UNSPECIFIED ? 1 : primaries,
    SHOWN_AS_SRGB.includes(transfer) ? 13 : transfer,
    peakNits,
  )
  return space ? { space } : { hasUnknownColors: true }
}

/**
 * `clli` has the largest luminance and that of the brightest frame, 2 bytes each; `mdcv` primaries and white (16 bytes), then
 * the largest luminance of the screen on which the picture was made, times 10,000.
 */
function peakIn(clli: Buffer | undefined, mdcv: Buffer | undefined): number | undefined {
  const content = clli && clli.length >= 4 ? clli.readUInt16BE(0) : 0
  if (content > 0) return content
  const screen = mdcv && mdcv.length >= 24 ? mdcv.readUInt32BE(16) / 10_000 : 0
  return screen > 0 ? screen : undefined
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
    read,
    dimensions,
    structure: () => structure(held),
    traits,
    advice: 'Save it with 8 bits per channel, or resize it.',
  }
}

/** libheif puts tiles together in their planes, then converts these (decision 81). */
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
