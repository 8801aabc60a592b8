import type { Warning } from '@darkroom/core'
import { pngChunk } from '@darkroom/image-file'
import sharp, { type Sharp } from 'sharp'
import { fourCorners } from './test-images.ts'

/** 120 × 80, like all of these. */
const picture = () => fourCorners(120, 80)
const jpeg = () => picture().jpeg({ quality: 95 }).toBuffer()

type OddImage = [what: string, warning: Warning, make: () => Promise<Buffer>]

/** An empty manifest store, and the same with a length of 64 bits. */
const MANIFEST = Buffer.concat([
  Buffer.from('0000002d6a756d62', 'hex'),
  Buffer.from('000000256a756d6463327061001100108000' + '00aa00389b710363327061', 'hex'),
  Buffer.alloc(8),
])
const LONG_MANIFEST = Buffer.concat([
  Buffer.from('000000016a756d620000000000000035', 'hex'),
  MANIFEST.subarray(8),
])
const C2PA_BOX = Buffer.from('d8fec3d61b0e483c92975828877ec481', 'hex')

const CREDENTIALS: [what: string, make: () => Promise<Buffer>][] = [
  ['a JPEG', async () => withSegment(await jpeg(), 0xeb, jumbfPart(MANIFEST))],
  ['a JPEG (64-bit length)', async () => withSegment(await jpeg(), 0xeb, jumbfPart(LONG_MANIFEST))],
  ['a PNG', async () => withChunk(await as('png'), 'caBX', MANIFEST.toString('latin1'))],
  ['a WebP', async () => withWebpChunk(await as('webp'), 'C2PA', MANIFEST)],
  ['a GIF', async () => withGifExtension(await as('gif'), MANIFEST)],
  [
    'an AVIF',
    async () => {
      const box = Buffer.concat([
        C2PA_BOX,
        Buffer.alloc(4),
        Buffer.from('manifest\0'),
        Buffer.alloc(8),
        MANIFEST,
      ])
      return withLastBox(await as('avif'), 'uuid', box)
    },
  ],
]

/** The letters JP, the numbers of the box and of its part, and all of it in one part. */
function jumbfPart(jumbf: Buffer): Buffer {
  return Buffer.concat([Buffer.from('JP\0\x01\0\0\0\x01', 'latin1'), jumbf])
}

function withWebpChunk(webp: Buffer, type: string, data: Buffer): Buffer {
  const head = Buffer.from(`${type}\0\0\0\0`, 'latin1')
  head.writeUInt32LE(data.length, 4)
  const whole = Buffer.concat([webp, head, data, Buffer.alloc(data.length % 2)])
  whole.writeUInt32LE(whole.length - 8, 4)
  return whole
}

/** After the color table. */
function withGifExtension(gif: Buffer, data: Buffer): Buffer {
  const start = 13 + 3 * 2 ** ((gif.readUInt8(10) & 7) + 1)
  const extension = Buffer.concat([
    Buffer.from('\x21\xff\x0bC2PA_GIF\x01\0\0', 'latin1'),
    Buffer.from([data.length]),
    data,
    Buffer.alloc(1),
  ])
  return Buffer.concat([gif.subarray(0, start), extension, gif.subarray(start)])
}

/** Behind the others, because places in `iloc` count from the start of the file. */
function withLastBox(avif: Buffer, type: string, data: Buffer): Buffer {
  const head = Buffer.from(`\0\0\0\0${type}`, 'latin1')
  head.writeUInt32BE(8 + data.length)
  return Buffer.concat([avif, head, data])
}

/** Images with valid pixels and something unusual, each with the warning that it must cause. */
export const ODD_IMAGES: OddImage[] = [
  ['a JPEG with a text after it', 'trailing-data', async () => followedBy(await jpeg(), 'SEFT')],
  ['a PNG with a text after it', 'trailing-data', async () => followedBy(await as('png'), 'trailer')],
  ['a WebP with a text after it', 'trailing-data', async () => followedBy(await as('webp'), 'trailer')],
  ['a GIF with a text after it', 'trailing-data', async () => followedBy(await as('gif'), 'trailer')],
  ['an AVIF with a text after it', 'trailing-data', async () => followedBy(await as('avif'), 'trailer')],
  ['a JPEG after a blank line', 'junk-before-header', async () => after('\r\n', await jpeg())],
  ['a PNG after a byte order mark', 'junk-before-header', async () => after('\xef\xbb\xbf', await as('png'))],
  [
    'a JPEG with truncated EXIF',
    'bad-exif',
    async () => withApp1(await jpeg(), `Exif\0\0II*\0\x08\0\0\0\xff\0`),
  ],
  ['a JPEG whose EXIF is noise', 'bad-exif', async () => withApp1(await jpeg(), `Exif\0\0${'x'.repeat(99)}`)],
  ['a PNG whose EXIF is noise', 'bad-exif', async () => withChunk(await as('png'), 'eXIf', 'noise noise')],
  ['a JPEG with an orientation of 9', 'bad-exif', async () => withOrientation9()],
  ['a JPEG with a damaged profile', 'bad-color-profile', async () => withDamagedProfile()],
  ['an animated GIF', 'animation-flattened', async () => (await animation()).gif().toBuffer()],
  [
    'an animated WebP',
    'animation-flattened',
    async () => (await animation()).webp({ quality: 95 }).toBuffer(),
  ],
  [
    'an animated PNG',
    'animation-flattened',
    async () => withChunk(await as('png'), 'acTL', '\0\0\0\x01\0\0\0\0'),
  ],
  ['an Ultra HDR JPEG', 'gain-map-ignored', ultraHdr],
  ['a JPEG with a second picture', 'extra-images-ignored', multiPicture],
  ...CREDENTIALS.map(
    ([what, make]) =>
      [`${what} with Content Credentials`, 'content-credentials-removed', make] satisfies OddImage,
  ),
]

/** Two frames: the first has the four corners, the second is black. */
export async function animation(): Promise<Sharp> {
  const first = await picture().raw().toBuffer()
  const frames = Buffer.concat([first, Buffer.alloc(first.length)])
  return sharp(frames, { raw: { width: 120, height: 160, channels: 3, pageHeight: 80 } })
}

function as(format: 'png' | 'webp' | 'gif' | 'avif'): Promise<Buffer> {
  return picture()
    .toFormat(
      format,
      format === 'avif' ? { quality: 90, effort: 0 } : format === 'webp' ? { quality: 95 } : {},
    )
    .toBuffer()
}

function followedBy(image: Buffer, text: string): Buffer {
  return Buffer.concat([image, Buffer.from(text, 'latin1')])
}

function after(text: string, image: Buffer): Buffer {
  return Buffer.concat([Buffer.from(text, 'latin1'), image])
}

function withApp1(image: Buffer, payload: string): Buffer {
  return withSegment(image, 0xe1, Buffer.from(payload, 'latin1'))
}

function withSegment(image: Buffer, marker: number, payload: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(payload.length + 2, 2)
  return Buffer.concat([image.subarray(0, 2), head, payload, image.subarray(2)])
}

function withChunk(png: Buffer, type: string, data: string): Buffer {
  return Buffer.concat([png.subarray(0, 33), pngChunk(type, Buffer.from(data, 'latin1')), png.subarray(33)])
}

/** Little-endian TIFF: one directory with one entry, the orientation, a SHORT. */
async function withOrientation9(): Promise<Buffer> {
  return withApp1(await jpeg(), 'Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0\0\0\0\0')
}

async function withDamagedProfile(): Promise<Buffer> {
  const noise = Buffer.alloc(600, 'noise')
  return withSegment(
    await jpeg(),
    0xe2,
    Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), noise]),
  )
}

/** As Android's cameras write it (Ultra HDR image format 1.1): XMP that declares it, an index, the map after the image. */
async function ultraHdr(): Promise<Buffer> {
  const gainMap = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#808080' } })
    .jpeg()
    .toBuffer()
  const xmp =
    'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    '<rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/></rdf:RDF></x:xmpmeta>'
  return Buffer.concat([withApp1(indexed(await jpeg(), gainMap.length), xmp), gainMap])
}

async function multiPicture(): Promise<Buffer> {
  const second = await fourCorners(60, 40).jpeg().toBuffer()
  return Buffer.concat([indexed(await jpeg(), second.length), second])
}

/** Adds a Multi-Picture index of two (CIPA DC-007, section 5): version, count, and 16 bytes for each. */
function indexed(image: Buffer, secondLength: number): Buffer {
  const index = Buffer.alloc(4 + 8 + 2 + 3 * 12 + 4 + 32)
  index.write('MPF\0MM\0*', 'latin1')
  index.writeUInt32BE(8, 8)
  index.writeUInt16BE(3, 12)
  const entry = (at: number, tag: number, type: number, count: number) => {
    index.writeUInt16BE(tag, at)
    index.writeUInt16BE(type, at + 2)
    index.writeUInt32BE(count, at + 4)
  }
  entry(14, 0xb000, 7, 4)
  index.write('0100', 22, 'latin1')
  entry(26, 0xb001, 4, 1)
  index.writeUInt32BE(2, 34)
  entry(38, 0xb002, 7, 32)
  index.writeUInt32BE(50, 46)
  index.writeUInt32BE(0x030000, 54)
  index.writeUInt32BE(image.length + index.length + 4, 58)
  index.writeUInt32BE(secondLength, 74)
  index.writeUInt32BE(image.length + index.length + 4 - 10, 78)
  return withSegment(image, 0xe2, index)
}
