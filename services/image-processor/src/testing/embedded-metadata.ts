import { deflateSync } from 'node:zlib'
import { pngChunk } from '@darkroom/image-file'
import { fourCorners } from './test-images.ts'

const ASCII = 2
const SHORT = 3
const LONG = 4
const RATIONAL = 5
const UNDEFINED = 7

/** Tags by number: texts (written as they are, without a NUL), one 16-bit number, rationals, or bytes. */
export type ExifTags = Record<number, string | number | [number, number][] | Buffer>
export interface ExifParts {
  ifd0?: ExifTags
  exif?: ExifTags
  gps?: ExifTags
}

export const GPS: ExifTags = {
  1: 'N\0',
  2: [
    [48, 1],
    [51, 1],
    [296, 10],
  ],
}

/** EXIF as little-endian TIFF: the main directory, then the two that it refers to (Exif 2.32, section 4.6). */
export function exifBlock({ ifd0 = {}, exif, gps }: ExifParts): Buffer {
  const tiff = Buffer.from('II*\0\x08\0\0\0', 'latin1')
  const links = { ...(exif && { 34665: 0 }), ...(gps && { 34853: 0 }) }
  const length = (tags: ExifTags) => directory(tags, 0).length
  const exifAt = 8 + length({ ...ifd0, ...links })
  const gpsAt = exifAt + (exif ? length(exif) : 0)
  const own = directory({ ...ifd0, ...links }, 8, { 34665: exifAt, 34853: gpsAt })
  return Buffer.concat([
    tiff,
    own,
    exif ? directory(exif, exifAt) : Buffer.alloc(0),
    gps ? directory(gps, gpsAt) : Buffer.alloc(0),
  ])
}

/** A count, entries of `tag type count value`, the end, then the values of over four bytes. */
function directory(tags: ExifTags, at: number, links: Record<number, number> = {}): Buffer {
  const entries = Object.entries(tags).map(([tag, value]) => ({ tag: Number(tag), ...encode(value) }))
  const head = Buffer.alloc(2 + 12 * entries.length + 4)
  head.writeUInt16LE(entries.length)
  const long: Buffer[] = []
  let next = at + head.length
  entries.forEach(({ tag, type, count, bytes }, i) => {
    const entry = 2 + 12 * i
    const link = links[tag]
    head.writeUInt16LE(tag, entry)
    head.writeUInt16LE(link === undefined ? type : LONG, entry + 2)
    head.writeUInt32LE(count, entry + 4)
    if (link !== undefined) head.writeUInt32LE(link, entry + 8)
    else if (bytes.length <= 4) bytes.copy(head, entry + 8)
    else {
      head.writeUInt32LE(next, entry + 8)
      long.push(bytes)
      next += bytes.length
    }
  })
  return Buffer.concat([head, ...long])
}

function encode(value: ExifTags[number]): { type: number; count: number; bytes: Buffer } {
  if (Buffer.isBuffer(value)) return { type: UNDEFINED, count: value.length, bytes: value }
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'latin1')
    return { type: ASCII, count: bytes.length, bytes }
  }
  const bytes = Buffer.alloc(typeof value === 'number' ? 4 : 8 * value.length)
  if (typeof value === 'number') {
    bytes.writeUInt16LE(value)
    return { type: SHORT, count: 1, bytes }
  }
  value.forEach(([above, below], i) => {
    bytes.writeUInt32LE(above, 8 * i)
    bytes.writeUInt32LE(below, 8 * i + 4)
  })
  return { type: RATIONAL, count: value.length, bytes }
}

export function xmpPacket(content: string): string {
  return (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" ' +
    `${content}/></rdf:RDF></x:xmpmeta>`
  )
}

type Bytes = Buffer | string
const bytesOf = (parts: Bytes[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))

/** JPEG marker segments after the start of the image, each of a marker and its payload's parts. */
export async function jpegWith(...segments: [marker: number, ...payload: Bytes[]][]): Promise<Buffer> {
  const jpeg = await fourCorners(16, 16).jpeg().toBuffer()
  const written = segments.map(([marker, ...parts]) => {
    const payload = bytesOf(parts)
    const head = Buffer.from([0xff, marker, 0, 0])
    head.writeUInt16BE(payload.length + 2, 2)
    return Buffer.concat([head, payload])
  })
  return Buffer.concat([jpeg.subarray(0, 2), ...written, jpeg.subarray(2)])
}

export const jpegWithExif = (parts: ExifParts) => jpegWith([0xe1, 'Exif\0\0', exifBlock(parts)])

/** PNG chunks after the header. */
export async function pngWith(type: string, ...data: Bytes[]): Promise<Buffer> {
  const png = await fourCorners(16, 16).png().toBuffer()
  return Buffer.concat([png.subarray(0, 33), pngChunk(type, bytesOf(data)), png.subarray(33)])
}

/** As ImageMagick writes it: a name, a length, hex digits in lines of 72. */
export function rawProfile(name: string, profile: Buffer): Buffer {
  const lines = profile.toString('hex').match(/.{1,72}/g) ?? []
  return deflateSync(`\n${name}\n${String(profile.length).padStart(8)}\n${lines.join('\n')}\n`)
}

/** An 8BIM resource without a name. */
export function photoshopResource(id: number, data: Buffer): Buffer {
  const head = Buffer.from('8BIM\0\0\0\0\0\0\0\0', 'latin1')
  head.writeUInt16BE(id, 4)
  head.writeUInt32BE(data.length, 8)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}

/** A GIF with XMP after its color table, and the trailer that readers of sub-blocks need. */
export async function gifWithXmp(packet: string): Promise<Buffer> {
  const gif = await fourCorners(16, 16).gif().toBuffer()
  const start = 13 + 3 * 2 ** ((gif.readUInt8(10) & 7) + 1)
  const trailer = Buffer.from([1, ...Array.from({ length: 256 }, (_, i) => 255 - i), 0])
  const extension = bytesOf(['\x21\xff\x0bXMP DataXMP', packet, trailer])
  return Buffer.concat([gif.subarray(0, start), extension, gif.subarray(start)])
}
