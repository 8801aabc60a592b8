import type { ImageType } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { readTraits } from './formats.ts'
import { pngChunk } from './readers/png.ts'
import { SAMPLES, VARIANTS } from './testing/sample-images.ts'
import { withoutMetadata, withoutTransparency } from './without-metadata.ts'

const SECRET = 'taken at 48.85 N 2.35 E'
const bare = (image: Buffer) => withoutMetadata(image, readTraits(image))
const pixels = (image: Buffer) => sharp(image).toColorspace('srgb').raw().toBuffer()
const variant = (name: string) => VARIANTS.find(([what]) => what === name)?.[2] ?? Buffer.alloc(0)

function segment(marker: number, payload: Buffer | string): Buffer {
  const data = Buffer.from(payload as string, 'latin1')
  return Buffer.concat([Buffer.from([0xff, marker, 0, 2 + data.length]), data])
}

const insert = (image: Buffer, at: number, ...parts: Buffer[]) =>
  Buffer.concat([image.subarray(0, at), ...parts, image.subarray(at)])

/** Everything that a container can carry beside pixels, with the secret in each place. */
const LADEN: Partial<Record<ImageType, (image: Buffer) => Promise<Buffer>>> = {
  'image/jpeg': async (image) => {
    const thumbnail = `JFIF\0\x01\x01\0\0\x01\0\x01\x08\x01${SECRET.padEnd(24)}`
    const start = image.readUInt16BE(2) === 0xffe0 ? 4 + image.readUInt16BE(4) : 2
    return Buffer.concat([
      image.subarray(0, 2),
      segment(0xe0, thumbnail),
      segment(0xe1, `Exif\0\0${SECRET}`),
      segment(0xe1, `http://ns.adobe.com/xap/1.0/\0${SECRET}`),
      segment(0xeb, SECRET),
      segment(0xed, `Photoshop 3.0\0${SECRET}`),
      segment(0xfe, SECRET),
      image.subarray(start),
      Buffer.from(SECRET),
    ])
  },
  'image/png': async (image) => {
    const text = Buffer.from(`Comment\0${SECRET}`, 'latin1')
    const chunks = [pngChunk('tEXt', text), pngChunk('eXIf', text), pngChunk('zzZz', text)]
    return Buffer.concat([insert(image, 33, ...chunks), Buffer.from(SECRET)])
  },
  'image/webp': (image) =>
    sharp(image)
      .withExif({ IFD0: { ImageDescription: SECRET } })
      .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- ${SECRET} --></x:xmpmeta>`)
      .webp({ lossless: true })
      .toBuffer(),
  'image/avif': async (image) => {
    const described = await sharp(image)
      .withExif({ IFD0: { ImageDescription: SECRET } })
      .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- ${SECRET} --></x:xmpmeta>`)
      .avif()
      .toBuffer()
    const padding = Buffer.concat([Buffer.of(0, 0, 0, 8 + SECRET.length), Buffer.from(`free${SECRET}`)])
    const more = Buffer.concat([Buffer.of(0, 0, 0, 8 + SECRET.length), Buffer.from(`mdat${SECRET}`)])
    return Buffer.concat([described, padding, more])
  },
}

const inP3 = () => sharp(SAMPLES['image/png']).withIccProfile('p3')
const IN_P3 = { jpeg: await inP3().jpeg().toBuffer(), png: await inP3().png().toBuffer() }

describe('withoutMetadata', () => {
  const stills = Object.entries(SAMPLES).filter(([type]) => type in LADEN)
  const cases: [string, ImageType, Buffer][] = [
    ...stills.map(([type, image]): [string, ImageType, Buffer] => [type, type as ImageType, image]),
    ...VARIANTS.filter(([name]) => !/CMYK|animated/.test(name)),
  ]

  test.each(cases)('%s keeps its pixels and nothing else', async (_name, type, image) => {
    const laden = await LADEN[type]?.(image)
    if (!laden) throw new Error(`no way to add metadata to ${type}`)
    expect(laden.includes(SECRET)).toBe(true)
    const result = bare(laden)
    expect(result?.includes(SECRET)).toBe(false)
    expect(await pixels(result as Buffer)).toEqual(await pixels(laden))
    expect(bare(result as Buffer)).toEqual(result)
  })

  test('a WebP with transparency keeps it', async () => {
    const glass = sharp({ create: { width: 9, height: 9, channels: 4, background: '#ff000080' } })
    const laden = await glass
      .withExif({ IFD0: { Artist: SECRET } })
      .webp()
      .toBuffer()
    const result = bare(laden)
    expect(result?.includes(SECRET)).toBe(false)
    expect(await sharp(result).raw().toBuffer()).toEqual(await sharp(laden).raw().toBuffer())
    expect((await sharp(result).metadata()).hasAlpha).toBe(true)
  })

  const jpeg = SAMPLES['image/jpeg']
  const png = SAMPLES['image/png']
  const avif = SAMPLES['image/avif']
  const box = (type: string) =>
    Buffer.concat([Buffer.of(0, 0, 0, 8 + SECRET.length), Buffer.from(type + SECRET)])
  const gamma = Buffer.from([0, 1, 0x86, 0xa0]) // 1.0: linear light
  const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]))

  test.each([
    ['CMYK', variant('a CMYK JPEG')],
    ['a JPEG in Display P3', IN_P3.jpeg],
    ['a PNG in Display P3', IN_P3.png],
    ['a PNG in linear light', insert(png, 33, pngChunk('gAMA', gamma))],
    ['an animated WebP', variant('an animated WebP')],
    ['a GIF', SAMPLES['image/gif']],
    ['an AVIF with a box that it does not need', Buffer.concat([avif, box('uuid')])],
    ['a JPEG with bytes between its segments', insert(jpeg, scan, Buffer.from('stray'))],
    ['a JPEG with a comment behind its scan', insert(jpeg, jpeg.length - 2, segment(0xfe, SECRET))],
    ['a JPEG with a kind of frame that browsers do not show', withFrame(jpeg, 0xc9)],
  ])('nothing for %s', (_name, image) => {
    expect(bare(image)).toBeUndefined()
  })
})

describe('withoutTransparency', () => {
  const over = (image: Buffer) => withoutTransparency(image, readTraits(image), '#336699')
  const soft = Buffer.from(Array.from({ length: 16 * 16 * 4 }, (_, i) => (i % 4 < 3 ? 40 * (i % 4) : i >> 2)))
  const picture = () => sharp(soft, { raw: { width: 16, height: 16, channels: 4 } })

  test('composites the palette of a PNG', async () => {
    const image = await picture().png({ palette: true, colours: 200, dither: 0 }).toBuffer()
    const laden = insert(image, 33, pngChunk('tEXt', Buffer.from(`Comment\0${SECRET}`, 'latin1')))
    const result = over(laden) as Buffer
    expect(result.length).toBeLessThan(image.length)
    expect((await sharp(result).metadata()).hasAlpha).toBe(false)
    const [found, expected] = await Promise.all([
      pixels(result),
      sharp(image).flatten({ background: '#336699' }).raw().toBuffer(),
    ])
    expect(found).toHaveLength(expected.length)
    expect(found.every((value, i) => Math.abs(value - (expected[i] ?? 0)) <= 1)).toBe(true)
  })

  test.each([
    ['a PNG with an alpha channel', picture().png()],
    ['a PNG with an opaque palette', sharp(SAMPLES['image/png']).png({ palette: true })],
    ['a WebP', picture().webp()],
  ])('nothing for %s', async (_name, image) => {
    expect(over(await image.toBuffer())).toBeUndefined()
  })
})

function withFrame(jpeg: Buffer, marker: number): Buffer {
  const copy = Buffer.from(jpeg)
  copy[copy.indexOf(Buffer.from([0xff, 0xc0])) + 1] = marker
  return copy
}
