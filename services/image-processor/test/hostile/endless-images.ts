import sharp from 'sharp'
import type { Outcome } from '../run-pipeline.ts'
import { chunk } from './png-parts.ts'

/** A file that consists of tiny parts. */
export interface EndlessImage {
  name: string
  /** Nearly as large as the largest file that is accepted: millions of parts. */
  make: () => Promise<Buffer>
  outcome: Outcome
}

const BYTES = 48_000_000
const EMPTY = Buffer.alloc(0)
const GIF_HEADER_BYTES = 13

const picture = () => sharp({ create: { width: 24, height: 16, channels: 3, background: '#c84' } })

/** `piece` as often as fits between the two. */
function filled(bytes: number, before: Buffer, piece: Buffer, after = EMPTY): Buffer {
  const room = bytes - before.length - after.length
  return Buffer.concat([before, Buffer.alloc(room - (room % piece.length), piece), after])
}

async function jpeg(bytes: number, piece: number[], where: 'segments' | 'scans'): Promise<Buffer> {
  const valid = await picture().jpeg().toBuffer()
  const at = where === 'segments' ? 2 : valid.length - 2
  return filled(bytes, valid.subarray(0, at), Buffer.from(piece), valid.subarray(at))
}

async function png(bytes: number, piece: Buffer): Promise<Buffer> {
  const valid = await picture().png().toBuffer()
  const header = 33
  return filled(bytes, valid.subarray(0, header), piece, valid.subarray(header))
}

/** Before or after the picture. */
async function gif(bytes: number, piece: number[], where: 'before' | 'after'): Promise<Buffer> {
  const valid = await picture().gif().toBuffer()
  const colors = 3 * 2 ** ((valid.readUInt8(10) & 7) + 1)
  const at = where === 'before' ? GIF_HEADER_BYTES + colors : valid.length - 1
  return filled(bytes, valid.subarray(0, at), Buffer.from(piece), valid.subarray(at))
}

/** One comment of sub-blocks of one byte each. */
async function gifComment(bytes: number): Promise<Buffer> {
  const valid = await picture().gif().toBuffer()
  const before = Buffer.concat([valid.subarray(0, -1), Buffer.from([0x21, 0xfe])])
  return filled(bytes, before, Buffer.from([1, 0x41]), Buffer.from([0, 0x3b]))
}

async function webp(bytes: number, name: string): Promise<Buffer> {
  const file = filled(bytes, await picture().webp().toBuffer(), Buffer.from(`${name}\0\0\0\0`))
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

async function avifFree(bytes: number): Promise<Buffer> {
  const valid = await picture().avif({ effort: 0 }).toBuffer()
  const at = valid.indexOf('mdat') - 4
  return filled(bytes, valid.subarray(0, at), box('free'), valid.subarray(at))
}

const many = (bytes: number, piece: Buffer) => filled(bytes - 10_000, EMPTY, piece)
const size = box('ispe', Buffer.from([0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9]))

type Row = [name: string, outcome: Outcome, make: (bytes: number) => Promise<Buffer>]
const ROWS: Row[] = [
  ['PNG, empty IDAT chunks', 'corrupt-image', (bytes) => png(bytes, chunk('IDAT', EMPTY))],
  ['PNG, empty unknown chunks', 'corrupt-image', (bytes) => png(bytes, chunk('teSt', EMPTY))],
  [
    'PNG, damaged color profiles',
    'corrupt-image',
    (bytes) => png(bytes, chunk('iCCP', Buffer.from('a\0\0b'))),
  ],
  ['PNG, damaged texts', 'corrupt-image', (bytes) => png(bytes, chunk('zTXt', Buffer.from('a\0\0b')))],
  ['PNG, empty frames', 'too-many-frames', (bytes) => png(bytes, chunk('fcTL', EMPTY))],
  ['JPEG, fill bytes', 'corrupt-image', (bytes) => jpeg(bytes, [0xff], 'segments')],
  ['JPEG, FF 00 between segments', 'corrupt-image', (bytes) => jpeg(bytes, [0xff, 0x00], 'segments')],
  ['JPEG, empty comments', 'corrupt-image', (bytes) => jpeg(bytes, [0xff, 0xfe, 0, 2], 'segments')],
  ['JPEG, empty APP1 segments', 'corrupt-image', (bytes) => jpeg(bytes, [0xff, 0xe1, 0, 2], 'segments')],
  ['JPEG, markers without segments', 'corrupt-image', (bytes) => jpeg(bytes, [0xff, 0xd0], 'segments')],
  ['JPEG, restarts in the data', 'corrupt-image', (bytes) => jpeg(bytes, [0xff, 0xd0], 'scans')],
  ['JPEG, empty scans', 'corrupt-image', (bytes) => jpeg(bytes, [0xff, 0xda, 0, 2], 'scans')],
  ['GIF, empty extensions', 'corrupt-image', (bytes) => gif(bytes, [0x21, 0xfe, 0], 'before')],
  [
    'GIF, empty frames',
    'too-many-frames',
    (bytes) => gif(bytes, [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 0], 'after'),
  ],
  ['GIF, a comment in bytes', 'developed', gifComment],
  ['WebP, empty unknown chunks', 'corrupt-image', (bytes) => webp(bytes, 'XXXX')],
  ['WebP, empty EXIF chunks', 'corrupt-image', (bytes) => webp(bytes, 'EXIF')],
  ['WebP, empty frames', 'too-many-frames', (bytes) => webp(bytes, 'ANMF')],
  ['AVIF, empty boxes', 'corrupt-image', avifFree],
  ['AVIF, empty boxes in meta', 'corrupt-image', (bytes) => avif(many(bytes, box('free')))],
  [
    'AVIF, empty properties',
    'corrupt-image',
    (bytes) => avif(box('iprp', box('ipco', many(bytes, box('free'))))),
  ],
  ['AVIF, sizes', 'corrupt-image', (bytes) => avif(box('iprp', box('ipco', many(bytes, size))))],
  [
    'AVIF, associations',
    'corrupt-image',
    (bytes) => avif(box('iprp', box('ipma', Buffer.alloc(8), many(bytes, Buffer.from([0, 1, 0]))))),
  ],
  [
    'AVIF, items',
    'corrupt-image',
    (bytes) => avif(box('iinf', Buffer.alloc(6), many(bytes, box('infe', Buffer.alloc(13))))),
  ],
  [
    'AVIF, brands',
    'corrupt-image',
    async (bytes) => {
      const valid = await picture().avif({ effort: 0 }).toBuffer()
      const brands = box('ftyp', Buffer.from('avif\0\0\0\0'), many(bytes, Buffer.from('mif1')))
      return Buffer.concat([brands, valid.subarray(valid.readUInt32BE(0))])
    },
  ],
]

export const ENDLESS_IMAGES: EndlessImage[] = ROWS.map(([name, outcome, make]) => ({
  name,
  outcome,
  make: () => make(BYTES),
}))
