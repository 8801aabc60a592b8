import { deflateSync, gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { fourCorners } from '../../src/testing/test-images.ts'
import type { Outcome } from '../run-pipeline.ts'
import { withGifFrames, withGifPicture, withGifScreen, withWebpFrames } from './animations.ts'
import { claiming, exif, positionOf, segment, tiff, withScans, withSegments } from './jpeg-parts.ts'
import { chunk, compressedText, ihdr, png, SIGNATURE } from './png-parts.ts'

/** A malicious or malformed file, and its expected result. */
export interface HostileImage {
  name: string
  bytes: Buffer
  outcome: Outcome
}

const text = (words: string, encoding: BufferEncoding = 'latin1') => Buffer.from(words, encoding)
const join = (...parts: (Buffer | string)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? text(part) : part)))
const changed = (bytes: Buffer, change: (copy: Buffer) => void) => {
  const copy = Buffer.from(bytes)
  change(copy)
  return copy
}

const picture = () => fourCorners(240, 160)
const jpeg = await picture().jpeg({ progressive: false }).toBuffer()
const progressive = await picture().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer()
const gif = await picture().gif().toBuffer()
const webp = await picture().webp({ lossless: true }).toBuffer()
const avif = await picture().avif({ effort: 0 }).toBuffer()
const frames = sharp(await fourCorners(32, 96).raw().toBuffer(), {
  raw: { width: 32, height: 96, channels: 3, pageHeight: 32 },
})
const animatedWebp = await frames.webp({ loop: 0, delay: [99, 99, 99] }).toBuffer()
const tiffFile = await picture().tiff().toBuffer()
const size = { width: 240, height: 160 }
const validPng = png(size)

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
const LAUGHS = `<!DOCTYPE svg [<!ENTITY a "ha">${[...'bcdefghij'].map((name, n) => `<!ENTITY ${name} "${`&${'abcdefghi'[n]};`.repeat(10)}">`).join('')}]>`
const ftyp = (brand: string) => join('\0\0\0\x18', `ftyp${brand}\0\0\0\0mif1${brand}`)
const frameControl = chunk('fcTL', Buffer.alloc(26))

type Row = [name: string, outcome: HostileImage['outcome'], bytes: Buffer]

const NO_IMAGES: Row[] = [
  ['nothing', 'empty-body', Buffer.alloc(0)],
  ['one byte', 'unsupported-media-type', text('x')],
  ['text', 'unsupported-media-type', text('Dear diary')],
  ['a megabyte of zeros', 'unsupported-media-type', Buffer.alloc(1e6)],
  ['HTML', 'unsupported-media-type', text('<!doctype html><script>alert(1)</script>')],
  ['a script', 'unsupported-media-type', text('#!/bin/sh\nrm -rf /\n')],
  ['SVG', 'unsupported-media-type', text(SVG)],
  ['SVG, gzipped', 'unsupported-media-type', gzipSync(SVG)],
  ['SVG, UTF-16 little-endian', 'unsupported-media-type', text(`\ufeff${SVG}`, 'utf16le')],
  ['SVG, UTF-16 big-endian', 'unsupported-media-type', text(`\ufeff${SVG}`, 'utf16le').swap16()],
  ['SVG with a billion laughs', 'unsupported-media-type', text(`<?xml version="1.0"?>${LAUGHS}${SVG}`)],
  [
    'SVG that includes a file of the server',
    'unsupported-media-type',
    text(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY f SYSTEM "file:///etc/passwd">]>${SVG}`),
  ],
  [
    'SVG that draws an image of the server',
    'unsupported-media-type',
    text('<svg><image href="/etc/x"/></svg>'),
  ],
  ['XML', 'unsupported-media-type', text('<?xml version="1.0"?><rss/>')],
  ['gzip bomb', 'unsupported-media-type', gzipSync(Buffer.alloc(20e6), { level: 1 })],
  ['ZIP', 'unsupported-media-type', join('PK\x03\x04\x14\0\0\0\0\0', Buffer.alloc(40))],
  ['ZIP with a JPEG in it', 'unsupported-media-type', join('PK\x03\x04\x14\0\0\0\0\0', jpeg)],
  [
    'tar',
    'unsupported-media-type',
    join('image.jpg', Buffer.alloc(248), 'ustar\x0000', Buffer.alloc(247), jpeg),
  ],
  ['7z', 'unsupported-media-type', join('7z\xbc\xaf\x27\x1c', Buffer.alloc(40))],
  ['RAR', 'unsupported-media-type', join('Rar!\x1a\x07\x01\0', Buffer.alloc(40))],
  ['PDF with a JPEG in it', 'unsupported-media-type', join('%PDF-1.7\n1 0 obj stream\n', jpeg)],
  ['PostScript', 'unsupported-media-type', text('%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n')],
  ['TIFF', 'unsupported-media-type', tiffFile],
  ['BigTIFF', 'unsupported-media-type', join('II+\0\x08\0\0\0', Buffer.alloc(40))],
  ['BMP', 'unsupported-media-type', join('BM', Buffer.alloc(64))],
  ['ICO', 'unsupported-media-type', join('\0\0\x01\0\x01\0', Buffer.alloc(64))],
  ['Photoshop', 'unsupported-media-type', join('8BPS\0\x01', Buffer.alloc(64))],
  ['HEIC', 'unsupported-media-type', join(ftyp('heic'), Buffer.alloc(64))],
  ['JPEG 2000', 'unsupported-media-type', join('\0\0\0\x0cjP  \r\n\x87\n', Buffer.alloc(64))],
  ['JPEG XL', 'unsupported-media-type', join('\xff\x0a', Buffer.alloc(64))],
  ['a video', 'unsupported-media-type', join(ftyp('isom'), Buffer.alloc(64))],
  ['a program', 'unsupported-media-type', join('\x7fELF\x02\x01\x01', Buffer.alloc(64))],
]

const WRONG_HEADERS: Row[] = [
  [
    'PNG, pixel bomb of 50000 × 50000',
    'image-too-large',
    png({ width: 50_000, height: 50_000 }, [], chunk('IDAT', deflateSync(Buffer.alloc(1e6)))),
  ],
  ['PNG, no width', 'corrupt-image', png({ width: 0, height: 160 })],
  ['PNG, 2³¹ wide', 'image-too-large', png({ width: 0x7fffffff, height: 1 }, [], chunk('IDAT'))],
  ['PNG, one line of 70000', 'image-too-large', png({ width: 70_000, height: 1 })],
  ['PNG, one line of 60000', 'developed', png({ width: 60_000, height: 1 })],
  ['PNG, one column of 60000', 'developed', png({ width: 1, height: 60_000 })],
  ['PNG, two headers', 'corrupt-image', png(size, [ihdr({ width: 9, height: 9 })])],
  [
    'PNG, fewer rows than declared',
    'corrupt-image',
    png({ width: 2000, height: 2000 }, [], chunk('IDAT', deflateSync(Buffer.alloc(9000)))),
  ],
  ['PNG, wrong checksum of its header', 'corrupt-image', changed(validPng, (copy) => copy.fill(0, 29, 33))],
  ['PNG, undecodable image data', 'corrupt-image', png(size, [], chunk('IDAT', Buffer.alloc(999, 0x5a)))],
  ['PNG, no picture', 'corrupt-image', png(size, [], Buffer.alloc(0))],
  ['PNG, no palette', 'corrupt-image', png({ ...size, colorType: 3 })],
  ['PNG, unknown color type', 'corrupt-image', png({ ...size, colorType: 5 })],
  ['PNG, 3 bits per sample', 'corrupt-image', png({ ...size, bits: 3 })],
  ['PNG, chunk longer than the file', 'corrupt-image', join(SIGNATURE, ihdr(size), '\x7f\xff\xff\xffIDAT')],
  [
    'PNG, interlaced 16-bit RGBA of 50 megapixels',
    'image-too-large',
    png(
      { width: 10_000, height: 5000, bits: 16, colorType: 6, interlaced: true },
      [],
      chunk('IDAT', deflateSync(Buffer.alloc(9e6))),
    ),
  ],
  ['JPEG, pixel bomb of 65535 × 65535', 'image-too-large', claiming(jpeg, 65_535, 65_535)],
  ['JPEG, no height', 'corrupt-image', claiming(jpeg, 240, 0)],
  [
    'JPEG, two headers',
    'corrupt-image',
    changed(
      join(
        jpeg.subarray(0, positionOf(jpeg, 0xc4)),
        jpeg.subarray(positionOf(jpeg, 0xc0), positionOf(jpeg, 0xc4)),
        jpeg.subarray(positionOf(jpeg, 0xc4)),
      ),
      () => {},
    ),
  ],
  [
    'JPEG, progressive of 100 megapixels without subsampling',
    'image-too-large',
    claiming(progressive, 10_000, 10_000),
  ],
  ['JPEG, 1000 scans', 'corrupt-image', withScans(progressive, 1000)],
  ['JPEG, 60 unnecessary scans', 'corrupt-image', withScans(progressive, 60)],
  ['JPEG, declared larger than its data', 'developed, damaged-data', claiming(jpeg, 1000, 1000)],
  [
    'JPEG, declared lossless',
    'corrupt-image',
    changed(jpeg, (copy) => copy.writeUInt8(0xc3, positionOf(jpeg, 0xc0) + 1)),
  ],
  [
    'JPEG, declared 12 bits',
    'corrupt-image',
    changed(jpeg, (copy) => copy.writeUInt8(12, positionOf(jpeg, 0xc0) + 4)),
  ],
  [
    'JPEG, declared 255 components',
    'corrupt-image',
    changed(jpeg, (copy) => copy.writeUInt8(255, positionOf(jpeg, 0xc0) + 9)),
  ],
  [
    'JPEG, no Huffman tables',
    'developed, damaged-data',
    join(jpeg.subarray(0, positionOf(jpeg, 0xc4)), jpeg.subarray(positionOf(jpeg, 0xda))),
  ],
  ['JPEG, no scan', 'corrupt-image', join(jpeg.subarray(0, positionOf(jpeg, 0xda)), '\xff\xd9')],
  ['JPEG, truncated', 'corrupt-image', jpeg.subarray(0, jpeg.length / 2)],
  [
    'JPEG, truncated, with an end marker',
    'developed, damaged-data',
    join(jpeg.subarray(0, positionOf(jpeg, 0xda) + 14), '\xff\xd9'),
  ],
  ['GIF, picture far larger than its screen', 'image-too-large', withGifPicture(gif, 20_000, 20_000)],
  ['GIF, picture a little larger than its screen', 'developed', withGifScreen(gif, 200, 100)],
  ['GIF, no screen', 'corrupt-image', withGifScreen(gif, 0, 0)],
  ['GIF, no picture', 'corrupt-image', join(gif.subarray(0, 13 + 768), ';')],
  [
    'WebP, canvas smaller than its picture',
    'image-too-large',
    changed(webp, (copy) => copy.writeUInt32LE(0x0fffffff, webp.indexOf('VP8L') + 9)),
  ],
  [
    'WebP, declared longer than it is',
    'corrupt-image',
    changed(webp, (copy) => copy.writeUInt32LE(0x7fffffff, 4)),
  ],
  [
    'WebP, no picture',
    'corrupt-image',
    join('RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0', Buffer.alloc(4), '\x17\0\0\x0f\0\0'),
  ],
  [
    'AVIF, pixel bomb',
    'image-too-large',
    changed(avif, (copy) => copy.fill(0x0f, avif.indexOf('ispe') + 9, avif.indexOf('ispe') + 16)),
  ],
  [
    'AVIF, other size than its picture',
    'corrupt-image',
    changed(avif, (copy) => copy.writeUInt32BE(200, avif.indexOf('ispe') + 8)),
  ],
  [
    'AVIF, no width',
    'corrupt-image',
    changed(avif, (copy) => copy.writeUInt32BE(0, avif.indexOf('ispe') + 8)),
  ],
  ['AVIF, no picture', 'corrupt-image', join(ftyp('avif'), avif.subarray(avif.length - 900))],
]

const BOMBS: Row[] = [
  ['GIF of 20000 frames', 'too-many-frames', withGifFrames(gif, 20_000)],
  ['GIF of 500 frames', 'developed, animation-flattened', withGifFrames(gif, 500)],
  ['WebP of 2000 frames', 'too-many-frames', withWebpFrames(animatedWebp, 2000)],
  [
    'APNG of 1500 frames',
    'too-many-frames',
    png(size, [chunk('acTL', Buffer.alloc(8)), ...Array<Buffer>(1500).fill(frameControl)]),
  ],
  ['PNG, color profile of 50 MB when decompressed', 'corrupt-image', png(size, [compressedText('iCCP', 50)])],
  ['PNG, text of 50 MB when decompressed', 'corrupt-image', png(size, [compressedText('zTXt', 50)])],
  [
    'PNG, international text of 50 MB when decompressed',
    'corrupt-image',
    png(size, [compressedText('iTXt', 50)]),
  ],
  [
    'PNG, 30 texts of 1 MB each when decompressed',
    'corrupt-image',
    png(size, Array<Buffer>(30).fill(compressedText('zTXt', 1))),
  ],
  ['PNG, 100000 texts', 'corrupt-image', png(size, Array<Buffer>(100_000).fill(chunk('tEXt', text('a\0b'))))],
  ['PNG, text of 2 MB', 'developed', png(size, [chunk('tEXt', join('Comment\0', Buffer.alloc(2e6, 65)))])],
  ['PNG, EXIF of 3 MB of zeros', 'developed, bad-exif', png(size, [chunk('eXIf', Buffer.alloc(3e6))])],
  ['PNG, 9 black megapixels in 30 KB', 'developed', png({ width: 3000, height: 3000 })],
  [
    'JPEG, color profile of 2 MB of zeros',
    'developed, bad-color-profile',
    withSegments(
      jpeg,
      ...Array.from({ length: 32 }, (_, n) =>
        segment(0xe2, join('ICC_PROFILE\0', Buffer.from([n + 1, 32]), Buffer.alloc(65_000))),
      ),
    ),
  ],
  [
    'JPEG, 20000 comments',
    'developed',
    withSegments(jpeg, ...Array<Buffer>(20_000).fill(segment(0xfe, text('a')))),
  ],
  [
    'JPEG, EXIF that refers to itself',
    'developed',
    withSegments(
      jpeg,
      exif(
        tiff(
          [
            [0x8769, 4, 1, 8],
            [0x8825, 4, 1, 8],
          ],
          8,
        ),
      ),
    ),
  ],
  [
    'JPEG, EXIF of 5000 entries',
    'developed',
    withSegments(jpeg, exif(tiff(Array.from({ length: 5000 }, (_, n) => [n, 2, 60_000, 8])))),
  ],
  [
    'PNG, EXIF of 65000 entries of 3 MB each',
    'developed',
    png(size, [
      chunk(
        'eXIf',
        Buffer.concat([
          tiff(Array.from({ length: 65_000 }, (_, n) => [n, 2, 3e6, 8])),
          Buffer.alloc(3e6, 65),
        ]),
      ),
    ]),
  ],
  [
    'JPEG, EXIF with a value of 4 GB',
    'developed, bad-exif',
    withSegments(
      jpeg,
      exif(
        tiff([
          [0x010f, 2, 0xffffffff, 8],
          [0x0112, 3, 1, 1],
        ]),
      ),
    ),
  ],
  ['JPEG, orientation 99', 'developed, bad-exif', withSegments(jpeg, exif(tiff([[0x0112, 3, 1, 99]])))],
  [
    'JPEG, XMP with a billion laughs',
    'developed',
    withSegments(
      jpeg,
      segment(0xe1, text(`http://ns.adobe.com/xap/1.0/\0${LAUGHS}<x:xmpmeta>&j;</x:xmpmeta>`)),
    ),
  ],
]

const POLYGLOTS: Row[] = [
  ['GIF and JavaScript', 'developed, trailing-data', join(gif, '*/=1;alert(1)//')],
  [
    'GIF that is JavaScript from its first byte',
    'image-too-large',
    text('GIF89a/*\xff\xff\0\0\0*/=1;alert(document.domain);'),
  ],
  [
    'JPEG and ZIP',
    'developed, trailing-data',
    join(jpeg, 'PK\x03\x04\x14\0\0\0\0\0', Buffer.alloc(400), 'PK\x05\x06', Buffer.alloc(18)),
  ],
  ['JPEG and JPEG', 'developed, trailing-data', join(jpeg, jpeg)],
  ['JPEG and PDF', 'developed', withSegments(jpeg, segment(0xfe, text('%PDF-1.7\n1 0 obj\n')))],
  ['JPEG and HTML', 'developed', withSegments(jpeg, segment(0xfe, text('<script>alert(1)</script>')))],
  ['PNG and PHP', 'developed, trailing-data', join(validPng, '<?php system($_GET[0]); ?>')],
  ['PNG and a megabyte of text', 'developed, trailing-data', join(validPng, Buffer.alloc(1e6, 0x41))],
  ['WebP and HTML', 'developed, trailing-data', join(webp, '<script>alert(1)</script>')],
]

/** Generated here: the valid parts with sharp, the invalid ones by hand. */
export const HOSTILE_IMAGES: HostileImage[] = [...NO_IMAGES, ...WRONG_HEADERS, ...BOMBS, ...POLYGLOTS].map(
  ([name, outcome, bytes]) => ({ name, outcome, bytes }),
)
