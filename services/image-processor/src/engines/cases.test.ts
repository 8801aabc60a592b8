/** The table of cases in this service's README, whose images are made here. */
import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { ProblemError } from '@darkroom/core'
import { pngChunk } from '@darkroom/image-file'
import { photograph } from '@darkroom/testing/photographs'
import { expect, test } from '@jest/globals'
import sharp from 'sharp'
import { develop } from '../development/develop.ts'
import {
  type ExifTags,
  exifBlock,
  GPS,
  jpegWith,
  jpegWithExif,
  pngWith,
  rawProfile,
  xmpPacket,
} from '../testing/embedded-metadata.ts'
import { animation, ODD_IMAGES } from '../testing/odd-images.ts'
import { fourCorners } from '../testing/test-images.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'

const PRESET = { version: 1, variants: [{ name: 'a', size: 24, format: 'png' } as const] }
const TAKEN = '2024:05:01 12:34:56\0'
const TAKEN_AT = 0x9003
const DIGITIZED_AT = 0x9004
const OFFSET = 0x9010
const OFFSET_WHEN_TAKEN = 0x9011
const SUBSECONDS_WHEN_TAKEN = 0x9291
const XMP = xmpPacket('exif:GPSLatitude="48,51.5N" photoshop:DateCreated="2024-05-01T12:34:56+02:00"')

const photo = sharp(await photograph('nokia-lumia-820'))
  .resize(640, 480, { fit: 'cover' })
  .jpeg({ quality: 88 })
const half = (jpeg: Buffer) => Math.floor(jpeg.length / 2)
const small = () => fourCorners(16, 16)
const withTime = (exif: ExifTags, ifd0: ExifTags = {}) => jpegWithExif({ exif, ifd0 })

async function damaged(damage: (jpeg: Buffer, at: number) => Buffer): Promise<Buffer> {
  const jpeg = await photo.clone().toBuffer()
  return damage(jpeg, half(jpeg))
}

async function pngWithDamagedData(): Promise<Buffer> {
  const png = await sharp(await photo.clone().toBuffer())
    .png()
    .toBuffer()
  return png.fill(0xa5, half(png), half(png) + 64)
}

async function exifBehindPixels(): Promise<Buffer> {
  const png = await fourCorners(120, 80).png().toBuffer()
  return Buffer.concat([
    png.subarray(0, -12),
    pngChunk('eXIf', exifBlock({ ifd0: { 274: 6 } })),
    png.subarray(-12),
  ])
}

async function avifSequence(): Promise<Buffer> {
  const avif = await small().avif({ effort: 0 }).toBuffer()
  avif.write('avis', 8)
  return avif
}

const secondPicture = ODD_IMAGES.find(([what]) => what === 'a JPEG with a second picture')?.[2]

const CASES: Record<string, () => Promise<Buffer> | undefined> = {
  'a sound JPEG': () => photo.clone().toBuffer(),
  'JPEG, 2 KB of its data are zeros': () => damaged((jpeg, at) => jpeg.fill(0, at, at + 2048)),
  'JPEG, 2 KB of its data are missing': () =>
    damaged((jpeg, at) => Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + 2048)])),
  'JPEG, zeros up to its end': () => damaged((jpeg, at) => jpeg.fill(0, at, jpeg.length - 2)),
  'JPEG, stray bytes between segments': async () => {
    const jpeg = await jpegWith([0xfe, 'comment'])
    return Buffer.concat([jpeg.subarray(0, 13), Buffer.from('stray'), jpeg.subarray(13)])
  },
  'PNG, damaged data': pngWithDamagedData,
  'AVIF sequence': avifSequence,
  'animated GIF': async () => (await animation()).gif().toBuffer(),
  'JPEG with a second picture (MPO)': () => secondPicture?.(),
  'PNG, orientation behind its pixels': exifBehindPixels,
  'CMYK JPEG without a profile': () => fourCorners(120, 80).toColourspace('cmyk').jpeg().toBuffer(),
  'camera model with a NUL and more': () => jpegWithExif({ ifd0: { 272: 'MODEL7\0garbage\0' } }),
  'camera model that is markup': () => jpegWithExif({ ifd0: { 272: '<script>alert(1)</script>\0' } }),
  'time with subseconds and offset': () =>
    withTime({ [TAKEN_AT]: TAKEN, [SUBSECONDS_WHEN_TAKEN]: '789\0', [OFFSET_WHEN_TAKEN]: '+02:00\0' }),
  'time whose offset is in OffsetTime': () => withTime({ [TAKEN_AT]: TAKEN, [OFFSET]: '+02:00\0' }),
  'time only as DateTimeDigitized': () => withTime({ [DIGITIZED_AT]: TAKEN }),
  'time only as DateTime': () => withTime({}, { 306: TAKEN }),
  'time only in XMP of a WebP': () => small().withXmp(XMP).webp().toBuffer(),
  'time with dashes': () => withTime({ [TAKEN_AT]: '2024-05-01T12:34:56\0' }),
  'time without seconds': () => withTime({ [TAKEN_AT]: '2024:05:01 12:34\0' }),
  'time with an offset of 99 hours': () => withTime({ [TAKEN_AT]: TAKEN, [OFFSET_WHEN_TAKEN]: '+99:99\0' }),
  'time in the year 0': () => withTime({ [TAKEN_AT]: '0000:01:01 00:00:00\0' }),
  'location as a destination': () => jpegWithExif({ gps: { 19: 'N\0', 20: [[48, 1]] } }),
  'location as the name of an area': () => jpegWithExif({ gps: { 28: Buffer.from('ASCII\0\0\0Home') } }),
  'location in EXIF of an AVIF': () =>
    small()
      .withExif({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
      .avif({ effort: 0 })
      .toBuffer(),
  'location in compressed XMP of a PNG': () =>
    pngWith('iTXt', 'XML:com.adobe.xmp\0\x01\0\0\0', deflateSync(XMP)),
  'location in a raw profile of a PNG': () =>
    pngWith('zTXt', 'Raw profile type exif\0\0', rawProfile('exif', exifBlock({ gps: GPS }))),
  'a single pixel': () => fourCorners(1, 1).png().toBuffer(),
  'a line of 20000 pixels': () => fourCorners(20_000, 1).jpeg().toBuffer(),
}

/** The README's rows, by their first cell: what becomes of the case with both engines, or `sharp; jimp: other`. */
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const [, SECTION = ''] = /^## Cases$(.*?)^## /ms.exec(README) ?? []
const ROWS = [...SECTION.matchAll(/^\| (?!case|-)(.+?) \|.+\| (.+?) +\|$/gm)].map(
  ([, name = '', outcome = '']) => [name.trim(), outcome.trim()] as const,
)

async function outcomeOf(original: Buffer, engine: typeof sharpEngine): Promise<string> {
  try {
    const { width, height, warnings, ...developed } = await develop(engine, original, PRESET)
    const { takenAt, cameraModel, orientation = 1, hadLocation } = developed
    return [
      `${width} × ${height}`,
      ...warnings,
      takenAt && `taken ${takenAt}`,
      cameraModel && `camera ${cameraModel}`,
      orientation > 1 && `orientation ${orientation}`,
      hadLocation && 'location',
    ]
      .filter(Boolean)
      .join(', ')
  } catch (error) {
    if (error instanceof ProblemError) return error.slug
    throw error
  }
}

test('the table has every case', () => {
  expect(ROWS.map(([name]) => name)).toEqual(Object.keys(CASES))
})

test.each(ROWS)('%s: %s', async (name, expected) => {
  const original = (await CASES[name]?.()) ?? Buffer.alloc(0)
  const sharpOutcome = await outcomeOf(Buffer.from(original), sharpEngine)
  const jimpOutcome = await outcomeOf(Buffer.from(original), jimpEngine)
  const outcome = sharpOutcome === jimpOutcome ? sharpOutcome : `${sharpOutcome}; jimp: ${jimpOutcome}`
  expect(outcome.replaceAll('`', '')).toBe(expected.replaceAll('`', ''))
})
