import sharp from 'sharp'
import type { Outcome } from '../run-pipeline.ts'
import { chunk } from './png-parts.ts'

/** A file of nearly 48 MB that consists of millions of tiny parts. */
export interface EndlessImage {
  name: string
  make: () => Promise<Buffer>
  outcome: Outcome
}

const BYTES = 48_000_000
const EMPTY = Buffer.alloc(0)
const GIF_HEADER_BYTES = 13

const picture = () => sharp({ create: { width: 24, height: 16, channels: 3, background: '#c84' } })

/** `piece` as often as fits between the two. */
function filled(before: Buffer, piece: Buffer, after = EMPTY, bytes = BYTES): Buffer {
  const room = bytes - before.length - after.length
  return Buffer.concat([before, Buffer.alloc(room - (room % piece.length), piece), after])
}

async function jpeg(piece: number[], where: 'segments' | 'scans'): Promise<Buffer> {
  const valid = await picture().jpeg().toBuffer()
  const at = where === 'segments' ? 2 : valid.length - 2
  return filled(valid.subarray(0, at), Buffer.from(piece), valid.subarray(at))
}

async function png(piece: Buffer): Promise<Buffer> {
  const valid = await picture().png().toBuffer()
  const header = 33
  return filled(valid.subarray(0, header), piece, valid.subarray(header))
}

/** Before or after the picture. */
async function gif(piece: number[], where: 'before' | 'after'): Promise<Buffer> {
  const valid = await picture().gif().toBuffer()
  const colors = 3 * 2 ** ((valid.readUInt8(10) & 7) + 1)
  const at = where === 'before' ? GIF_HEADER_BYTES + colors : valid.length - 1
  return filled(valid.subarray(0, at), Buffer.from(piece), valid.subarray(at))
}

/** One comment of sub-blocks of one byte each. */
async function gifComment(): Promise<Buffer> {
  const valid = await picture().gif().toBuffer()
  const before = Buffer.concat([valid.subarray(0, -1), Buffer.from([0x21, 0xfe])])
  return filled(before, Buffer.from([1, 0x41]), Buffer.from([0, 0x3b]))
}

async function webp(name: string): Promise<Buffer> {
  const file = filled(await picture().webp().toBuffer(), Buffer.from(`${name}\0\0\0\0`))
  file.writeUInt32LE(file.length - 8, 4)
  return file
}

function box(type: string, ...content: Buffer[]): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + content.reduce((sum, { length }) => sum + length, 0))
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, ...content])
}

/** Instead of its `meta` box. */
async function avif(meta: Buffer): Promise<Buffer> {
  const valid = await picture().avif({ effort: 0 }).toBuffer()
  return Buffer.concat([
    valid.subarray(0, valid.indexOf('meta') - 4),
    box('meta', Buffer.alloc(4), meta),
    valid.subarray(valid.indexOf('mdat') - 4),
  ])
}

async function avifFree(): Promise<Buffer> {
  const valid = await picture().avif({ effort: 0 }).toBuffer()
  const at = valid.indexOf('mdat') - 4
  return filled(valid.subarray(0, at), box('free'), valid.subarray(at))
}

const many = (piece: Buffer) => filled(EMPTY, piece, EMPTY, BYTES - 10_000)
const size = box('ispe', Buffer.from([0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9]))

type Row = [name: string, outcome: Outcome, make: () => Promise<Buffer>]
const ROWS: Row[] = [
  ['PNG, empty IDAT chunks', 'corrupt-image', () => png(chunk('IDAT', EMPTY))],
  ['PNG, empty unknown chunks', 'corrupt-image', () => png(chunk('teSt', EMPTY))],
  ['PNG, damaged color profiles', 'corrupt-image', () => png(chunk('iCCP', Buffer.from('a\0\0b')))],
  ['PNG, damaged texts', 'corrupt-image', () => png(chunk('zTXt', Buffer.from('a\0\0b')))],
  ['PNG, empty frames', 'too-many-frames', () => png(chunk('fcTL', EMPTY))],
  ['JPEG, fill bytes', 'corrupt-image', () => jpeg([0xff], 'segments')],
  ['JPEG, FF 00 between segments', 'corrupt-image', () => jpeg([0xff, 0x00], 'segments')],
  ['JPEG, empty comments', 'corrupt-image', () => jpeg([0xff, 0xfe, 0, 2], 'segments')],
  ['JPEG, empty APP1 segments', 'corrupt-image', () => jpeg([0xff, 0xe1, 0, 2], 'segments')],
  ['JPEG, markers without segments', 'corrupt-image', () => jpeg([0xff, 0xd0], 'segments')],
  ['JPEG, restarts in the data', 'corrupt-image', () => jpeg([0xff, 0xd0], 'scans')],
  ['JPEG, empty scans', 'corrupt-image', () => jpeg([0xff, 0xda, 0, 2], 'scans')],
  ['GIF, empty extensions', 'corrupt-image', () => gif([0x21, 0xfe, 0], 'before')],
  ['GIF, empty frames', 'too-many-frames', () => gif([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 0], 'after')],
  ['GIF, a comment in bytes', 'developed', gifComment],
  ['WebP, empty unknown chunks', 'corrupt-image', () => webp('XXXX')],
  ['WebP, empty EXIF chunks', 'corrupt-image', () => webp('EXIF')],
  ['WebP, empty frames', 'too-many-frames', () => webp('ANMF')],
  ['AVIF, empty boxes', 'corrupt-image', avifFree],
  ['AVIF, empty boxes in meta', 'corrupt-image', () => avif(many(box('free')))],
  ['AVIF, empty properties', 'corrupt-image', () => avif(box('iprp', box('ipco', many(box('free')))))],
  ['AVIF, sizes', 'corrupt-image', () => avif(box('iprp', box('ipco', many(size))))],
  [
    'AVIF, associations',
    'corrupt-image',
    () => avif(box('iprp', box('ipma', Buffer.alloc(8), many(Buffer.from([0, 1, 0]))))),
  ],
  [
    'AVIF, items',
    'corrupt-image',
    () => avif(box('iinf', Buffer.alloc(6), many(box('infe', Buffer.alloc(13))))),
  ],
  [
    'AVIF, brands',
    'corrupt-image',
    async () => {
      const valid = await picture().avif({ effort: 0 }).toBuffer()
      const brands = box('ftyp', Buffer.from('avif\0\0\0\0'), many(Buffer.from('mif1')))
      return Buffer.concat([brands, valid.subarray(valid.readUInt32BE(0))])
    },
  ],
]

export const ENDLESS_IMAGES: EndlessImage[] = ROWS.map(([name, outcome, make]) => ({ name, outcome, make }))
