import type { VariantSpec } from '@darkroom/core'
import { pngChunk } from '@darkroom/image-file'
import { gridHeif, mirroring, rotation } from '@darkroom/testing/grid-heif'
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { develop } from '../development/develop.ts'
import { avifWith } from '../testing/avif-colors.ts'
import { exifBlock } from '../testing/embedded-metadata.ts'
import { CORNERS, fourCorners, psnr } from '../testing/test-images.ts'
import { unsupportedBy } from './image-engine.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'

const PNG: VariantSpec = { name: 'png', size: 100, format: 'png' }
const JPEG: VariantSpec = { name: 'jpeg', size: 100, format: 'jpeg' }
const MOVING: VariantSpec = { name: 'moving', size: 100, format: 'webp', animation: 'keep', quality: 95 }
const preset = (...variants: VariantSpec[]) => ({ version: 1, variants })

async function pixel(image: Buffer | undefined, x: number, y: number, page = 0): Promise<number[]> {
  const { data } = await sharp(image, { page })
    .ensureAlpha()
    .extract({ left: x, top: y, width: 1, height: 1 })
    .raw()
    .toBuffer({ resolveWithObject: true })
  return [...data]
}

const solid = (color: string, size = 40) =>
  sharp({ create: { width: size, height: size, channels: 3, background: color } })

/**
 * A GIF of 100 × 100 with frames of 40 × 40 at other places: a control extension (disposal, no transparency) and a
 * descriptor before each one's data.
 */
async function smallFrames(...frames: { color: string; at: number; disposal?: number }[]): Promise<Buffer> {
  const parts = await Promise.all(
    frames.map(async ({ color, at, disposal = 0 }) => {
      const gif = await solid(color).gif().toBuffer()
      const table = 3 * 2 ** ((gif.readUInt8(10) & 7) + 1)
      const image = Buffer.from(gif.subarray(gif.indexOf(0x2c, 13 + table), gif.length - 1))
      image.writeUInt16LE(at, 1)
      image.writeUInt16LE(at, 3)
      image.writeUInt8(0x80 | (gif.readUInt8(10) & 7), 9)
      const control = Buffer.from([0x21, 0xf9, 4, disposal << 2, 10, 0, 0, 0])
      return Buffer.concat([control, image.subarray(0, 10), gif.subarray(13, 13 + table), image.subarray(10)])
    }),
  )
  const header = Buffer.from('GIF89a\x64\0\x64\0\0\0\0', 'latin1')
  const repeat = Buffer.from('\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0', 'latin1')
  return Buffer.concat([header, repeat, ...parts, Buffer.from([0x3b])])
}

describe.each([sharpEngine, jimpEngine])('the $name engine', (engine) => {
  test('shows the first frame of an AVIF sequence', async () => {
    const sequence = await fourCorners(120, 80).avif({ quality: 90, effort: 0 }).toBuffer()
    sequence.write('avis', 8)
    const { width, height, warnings, variants } = await develop(engine, sequence, preset(PNG))
    expect([width, height, warnings]).toEqual([120, 80, ['animation-flattened']])
    const drawn = await pixel(variants[0]?.data, 10, 10)
    CORNERS.topLeft.forEach((value, c) => {
      expect(Math.abs((drawn[c] ?? 0) - value)).toBeLessThan(10)
    })
  })

  test('shows nothing around a GIF frame that is smaller than the screen', async () => {
    const { variants } = await develop(
      engine,
      await smallFrames({ color: '#ff0000', at: 30 }),
      preset(PNG, JPEG),
    )
    const [png, jpeg] = variants.map(({ data }) => data)
    expect((await pixel(png, 10, 10))[3]).toBe(0)
    expect(await pixel(png, 50, 50)).toEqual([255, 0, 0, 255])
    expect((await pixel(jpeg, 10, 10)).every((value) => value > 250)).toBe(true)
  })

  test.each([1, 3, 6, 8])(
    'a PNG with orientation %i after its pixels is turned as it says',
    async (orientation) => {
      const png = await fourCorners(120, 80).png().toBuffer()
      const exif = pngChunk('eXIf', exifBlock({ ifd0: { 274: orientation } }))
      const late = Buffer.concat([png.subarray(0, -12), exif, png.subarray(-12)])
      const early = Buffer.concat([png.subarray(0, 33), exif, png.subarray(33)])
      const [a, b] = [await develop(engine, late, preset(PNG)), await develop(engine, early, preset(PNG))]
      expect([a.orientation, a.width, a.height]).toEqual([
        orientation,
        ...(orientation > 4 ? [80, 120] : [120, 80]),
      ])
      expect(a.variants[0]?.data.equals(b.variants[0]?.data as Buffer)).toBe(true)
    },
  )

  test('stray bytes between the segments of a JPEG are skipped, with a warning', async () => {
    const jpeg = await fourCorners(120, 80).jpeg({ quality: 95 }).toBuffer()
    const second = 4 + jpeg.readUInt16BE(4)
    const original = Buffer.concat([jpeg.subarray(0, second), Buffer.from('stray'), jpeg.subarray(second)])
    const { variants, warnings } = await develop(engine, original, preset(PNG))
    expect(warnings).toEqual(['damaged-data'])
    const [red = 0, green = 0] = await pixel(variants[0]?.data, 10, 10)
    expect([red > 190, green < 50]).toEqual([true, true])
  })

  if (unsupportedBy(engine.name, MOVING).length > 0) return

  test('keeps an animation of frames smaller than the screen, transparent where nothing is drawn', async () => {
    const gif = await smallFrames({ color: '#ff0000', at: 0 }, { color: '#0000ff', at: 60 })
    const { variants, warnings } = await develop(engine, gif, preset(MOVING))
    const data = variants[0]?.data
    expect([variants[0]?.frames, (await sharp(data).metadata()).pages, warnings]).toEqual([2, 2, []])
    expect((await pixel(data, 80, 80, 0))[3]).toBe(0)
    expect(await pixel(data, 80, 80, 1)).toEqual([0, 0, expect.any(Number), 255])
    expect((await pixel(data, 20, 20, 1))[3]).toBe(255)
  })

  test('clears a frame of an animation to transparent, not to the background color', async () => {
    const gif = await smallFrames({ color: '#ff0000', at: 0, disposal: 2 }, { color: '#0000ff', at: 60 })
    const { variants } = await develop(engine, gif, preset(MOVING))
    expect((await pixel(variants[0]?.data, 20, 20, 0))[3]).toBe(255)
    expect((await pixel(variants[0]?.data, 20, 20, 1))[3]).toBe(0)
  })
})

test.each([sharpEngine, jimpEngine])('the tiles of an AVIF are put together: $name', async (engine) => {
  const tile = await fourCorners(128, 64).avif({ quality: 90, effort: 0 }).toBuffer()
  const grid = gridHeif(tile, { columns: 3, rows: 2, width: 300, height: 100 })
  const { width, height, variants } = await develop(engine, grid, preset({ ...PNG, size: 300 }))
  const shown = await sharp(variants[0]?.data).removeAlpha().raw().toBuffer()
  const row = sharp({ create: { width: 384, height: 128, channels: 3, background: '#000' } })
  const one = await sharp(tile).png().toBuffer()
  const places = [0, 128, 256].flatMap((left) => [0, 64].map((top) => ({ input: one, left, top })))
  const whole = await row.composite(places).png().toBuffer()
  const expected = sharp(whole).extract({ left: 0, top: 0, width: 300, height: 100 }).removeAlpha().raw()
  expect([width, height]).toEqual([300, 100])
  expect(psnr(shown, await expected.toBuffer())).toBeGreaterThan(40)
})

const TURNS = [0, 1, 2, 3].flatMap((turns) => [
  [turns, []] as const,
  [turns, [mirroring(0)]] as const,
  [turns, [mirroring(1)]] as const,
])
test.each(TURNS)('an AVIF is turned as it says, by both engines: %i, %j', async (turns, mirrored) => {
  const tile = await fourCorners(128, 64).avif({ quality: 90, effort: 0 }).toBuffer()
  const avif = gridHeif(tile, { columns: 1, rows: 1, properties: [rotation(turns), ...mirrored] })
  const [expected, found] = await Promise.all(
    [sharpEngine, jimpEngine].map(async (engine) => {
      const { width, height, variants } = await develop(engine, avif, preset({ ...PNG, size: 128 }))
      return { width, height, pixels: await sharp(variants[0]?.data).removeAlpha().raw().toBuffer() }
    }),
  )
  expect(found).toMatchObject({ width: expected?.width, height: expected?.height })
  expect(psnr(found?.pixels as Buffer, expected?.pixels as Buffer)).toBeGreaterThan(35)
})

/** 64 × 32: red, of which only the top left quarter can be seen, and more of it where there is green. */
function quarterSeen(): Buffer {
  const data = Buffer.alloc(64 * 32 * 4)
  for (let y = 0; y < 32; y++)
    for (let x = 0; x < 64; x++)
      data.set([220, x < 16 ? 200 : 20, 20, x < 32 && y < 16 ? 255 : 0], 4 * (64 * y + x))
  return data
}
const seen = () => sharp(quarterSeen(), { raw: { width: 64, height: 32, channels: 4 } })
const onWhite = (image: Buffer | undefined) => sharp(image).flatten({ background: '#fff' }).raw().toBuffer()

describe.each([sharpEngine, jimpEngine])(
  'an alpha channel without its picture’s turn, by the $name engine',
  (engine) => {
    test.each(TURNS.slice(1))('is turned with it: %i, %j', async (turns, mirrored) => {
      const avif = await avifWith(seen(), rotation(turns), ...mirrored)
      const { variants } = await develop(engine, avif, preset(PNG))
      const turned = sharp(
        await seen()
          .rotate(360 - 90 * turns)
          .png()
          .toBuffer(),
      )
      if (mirrored[0]?.equals(mirroring(0))) turned.flip()
      else if (mirrored.length > 0) turned.flop()
      expect(
        psnr(await onWhite(variants[0]?.data), await onWhite(await turned.png().toBuffer())),
      ).toBeGreaterThan(25)
    })
  },
)

test('an alpha channel without its picture’s crop is cropped with it', async () => {
  // `clap`: fractions of width, height and the distance between the centers (ISO/IEC 14496-12, 12.1.4.2).
  const clap = Buffer.from(
    [0, 0, 0, 40, ...'clap'].map((one) => (typeof one === 'string' ? one.charCodeAt(0) : one)),
  )
  const numbers = Buffer.alloc(32)
  for (const [i, value] of [32, 1, 32, 1, -16, 1, 0, 1].entries()) numbers.writeInt32BE(value, 4 * i)
  const avif = await avifWith(seen(), Buffer.concat([clap, numbers]))
  const { width, height, variants } = await develop(sharpEngine, avif, preset(PNG))
  const cropped = await seen().extract({ left: 0, top: 0, width: 32, height: 32 }).png().toBuffer()
  expect([width, height]).toEqual([32, 32])
  expect(psnr(await onWhite(variants[0]?.data), await onWhite(cropped))).toBeGreaterThan(25)
})
