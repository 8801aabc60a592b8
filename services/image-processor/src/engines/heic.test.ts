import { readFile } from 'node:fs/promises'
import { acceptedTypes } from '@darkroom/core'
import { inspectImage } from '@darkroom/image-file'
import { gridHeif, mirroring, rotation } from '@darkroom/testing/grid-heif'
import { describe, expect, test } from '@jest/globals'
import sharp, { type Sharp } from 'sharp'
import { develop } from '../development/develop.ts'
import { nclx } from '../testing/avif-colors.ts'
import { fourCorners, psnr } from '../testing/test-images.ts'
import { decodeHeic, release } from './decode-heic.ts'
import type { ImageEngine } from './image-engine.ts'
import { jimpEngine } from './jimp-engine.ts'
import { jimpEngineWithLibheif } from './jimp-engine-with-libheif.ts'
import { sharpEngine } from './sharp-engine.ts'
import { sharpEngineWithLibheif } from './sharp-engine-with-libheif.ts'

/** What they show, and how they were made: heic-samples.ts beside them. */
const SAMPLES = new URL('../../../../packages/image-file/src/testing/heic/', import.meta.url)
const sample = (name: string) => readFile(new URL(`${name}.heic`, SAMPLES))
const PRESET = {
  version: 1,
  variants: [
    { name: 'whole', size: 96, format: 'png' },
    { name: 'small', size: 48, format: 'jpeg' },
  ],
} as const
const picture = await fourCorners(96, 64).raw().toBuffer()

async function developed(engine: ImageEngine, name: string) {
  const result = await develop(engine, await sample(name), { ...PRESET, variants: [...PRESET.variants] })
  const pixels = await sharp(result.variants[0]?.data).removeAlpha().raw().toBuffer()
  return { ...result, pixels }
}

describe.each([sharpEngineWithLibheif, jimpEngineWithLibheif])('HEIC with the $name engine', (engine) => {
  test('comes out as the picture that went in', async () => {
    const { width, height, pixels, variants, warnings } = await developed(engine, 'upright')
    expect({ width, height, warnings }).toEqual({ width: 96, height: 64, warnings: [] })
    expect(psnr(pixels, picture)).toBeGreaterThan(30)
    expect(variants.map((variant) => [variant.width, variant.height])).toEqual([
      [96, 64],
      [48, 32],
    ])
  })

  test('is turned once by its own rotation, not again by its EXIF', async () => {
    const { width, height, orientation, pixels } = await developed(engine, 'rotated')
    expect({ width, height, orientation }).toEqual({ width: 96, height: 64, orientation: 6 })
    expect(psnr(pixels, picture)).toBeGreaterThan(30)
  })

  test('is known as such by any of its brands', async () => {
    const heic = await sample('upright')
    heic.write('mif1', 8)
    const { variants } = await develop(engine, heic, { ...PRESET, variants: [...PRESET.variants] })
    const pixels = await sharp(variants[0]?.data).removeAlpha().raw().toBuffer()
    expect(psnr(pixels, picture)).toBeGreaterThan(30)
  })

  test('that is damaged is refused as corrupt', async () => {
    const heic = await sample('upright')
    heic.fill(0xff, heic.indexOf('mdat') + 8)
    await expect(engine.develop(heic, [...PRESET.variants])).rejects.toMatchObject({ slug: 'corrupt-image' })
  })

  test('leaves other types as they are', async () => {
    const plain = engine.name === 'sharp' ? sharpEngine : jimpEngine
    const jpeg = await fourCorners(96, 64).jpeg().toBuffer()
    expect(await engine.develop(jpeg, [...PRESET.variants])).toEqual(
      await plain.develop(jpeg, [...PRESET.variants]),
    )
  })
})

describe('tiles', () => {
  const [width, height] = [96 * 2 + 60, 64 * 3 - 10]
  const grid = { columns: 3, rows: 3, width, height }

  /** What the tiles show, upright. */
  async function tiled(): Promise<Sharp> {
    const tile = await decodeHeic(await sample('upright'))
    const input = await sharp(tile.data, { raw: { width: 96, height: 64, channels: 4 } })
      .png()
      .toBuffer()
    const whole = await sharp({ create: { width: 288, height: 192, channels: 3, background: 'black' } })
      .composite([{ input, tile: true, gravity: 'northwest' }])
      .png()
      .toBuffer()
    return sharp(whole).extract({ left: 0, top: 0, width, height })
  }

  test.each<[string, Buffer[], (upright: Sharp) => Sharp]>([
    ['upright', [], (upright) => upright],
    ['turned by 90°', [rotation(1)], (upright) => upright.rotate(270)],
    ['turned by 180°', [rotation(2)], (upright) => upright.rotate(180)],
    ['turned by 270°', [rotation(3)], (upright) => upright.rotate(90)],
    ['mirrored', [mirroring(1)], (upright) => upright.flop()],
  ])('are put together: %s', async (_how, properties, turn) => {
    const heic = gridHeif(await sample('upright'), { ...grid, properties })
    const { data, ...size } = await decodeHeic(heic)
    const expected = await turn(await tiled())
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(size).toMatchObject({ width: expected.info.width, height: expected.info.height })
    expect(data.equals(expected.data)).toBe(true)
  })

  test('that are damaged are refused as corrupt', async () => {
    const heic = gridHeif(await sample('upright'), grid)
    heic.fill(0xff, heic.indexOf('mdat') + 8)
    await expect(sharpEngineWithLibheif.develop(heic, [...PRESET.variants])).rejects.toMatchObject({
      slug: 'corrupt-image',
    })
  })
})

describe.each([sharpEngineWithLibheif, jimpEngineWithLibheif])('HEIC in other colors, by $name', (engine) => {
  test('Display P3 by a profile is converted', async () => {
    const { pixels, warnings } = await developed(engine, 'display-p3')
    expect(warnings).toEqual([])
    expect(psnr(pixels, picture)).toBeGreaterThan(30)
  })

  test.each([
    ['Display P3', 12, 13, []],
    ['HDR', 9, 16, ['colors-not-converted']],
  ])('%s by code points is converted', async (_what, primaries, transfer, expected) => {
    const heic = await sample('display-p3')
    const colr = heic.indexOf('colrprof')
    const variantsOf = (original: Buffer) =>
      develop(engine, original, { ...PRESET, variants: [...PRESET.variants] })
    const byProfile = await variantsOf(heic)
    heic.set(Buffer.concat([Buffer.from('colrnclx'), nclx(primaries, transfer).subarray(12)]), colr)
    const { variants, warnings } = await variantsOf(heic)
    expect(warnings).toEqual(expected)
    const [actual, converted] = await Promise.all(
      [variants, byProfile.variants].map(([whole]) => sharp(whole?.data).removeAlpha().raw().toBuffer()),
    )
    const likeness = psnr(actual ?? Buffer.alloc(0), converted ?? Buffer.alloc(0))
    if (transfer === 13) expect(likeness).toBeGreaterThan(35)
    else expect(likeness).toBeLessThan(25)
  })
})

test('an engine without libheif refuses it', async () => {
  await expect(sharpEngine.develop(await sample('upright'), [...PRESET.variants])).rejects.toMatchObject({
    slug: 'corrupt-image',
  })
})

test('pixels can be given back', async () => {
  const pixels = await decodeHeic(await sample('upright'))
  release(pixels)
  expect(pixels.data.byteLength).toBe(0)
})

test('the door finds in it what the decoder does', async () => {
  expect(await inspectImage(await sample('upright'), acceptedTypes('libheif'))).toMatchObject({
    contentType: 'image/heic',
  })
})
