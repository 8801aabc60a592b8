import type { VariantSpec } from '@darkroom/core'
import { pngChunk } from '@darkroom/image-file'
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { develop } from '../development/develop.ts'
import { CORNERS, fourCorners } from '../testing/test-images.ts'
import { COLOR_SPACES, pngIn } from '../testing/wide-gamut.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'

const SPEC: VariantSpec = { name: 'a', size: 40, format: 'png' }
const PRESET = { version: 1, variants: [SPEC] }
const picture = () => fourCorners(40, 30)

const uint32s = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i)
  return bytes
}
const cICP = (primaries: number, curve: number) => pngChunk('cICP', Buffer.from([primaries, curve, 0, 1]))
const gAMA = (value: number) => pngChunk('gAMA', uint32s(value))
const sRGB = pngChunk('sRGB', Buffer.from([0]))
const cHRM = (...rgb: number[]) => pngChunk('cHRM', uint32s(31_270, 32_900, ...rgb))
const BT709 = cHRM(64_000, 33_000, 30_000, 60_000, 15_000, 6000)
const ADOBE = cHRM(64_000, 33_000, 21_000, 71_000, 15_000, 6000)
const LINEAR = { ...COLOR_SPACES.sRGB, curve: (signal: number) => signal, inverse: (light: number) => light }

/** A picture in a color space whose profile, the first chunk after the header, is replaced. */
async function declaredBy(space: typeof LINEAR, ...chunks: Buffer[]): Promise<Buffer> {
  const png = await pngIn(space, picture())
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33 + 12 + png.readUInt32BE(33))])
}

async function withChunks(png: Buffer, ...chunks: Buffer[]): Promise<Buffer> {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)])
}

async function topLeftOf(data: Buffer | undefined): Promise<number[]> {
  const raw = await sharp(data).removeAlpha().toColorspace('srgb').raw().toBuffer()
  return [...raw.subarray((5 * 40 + 5) * 3, (5 * 40 + 5) * 3 + 3)]
}

function expectNear(actual: number[], expected: readonly number[]) {
  actual.forEach((value, c) => {
    expect(Math.abs(value - (expected[c] ?? 0))).toBeLessThan(5)
  })
}

describe('a PNG that declares its colors in numbers', () => {
  test.each<[string, () => Promise<Buffer>]>([
    ['Display P3 by cICP', () => declaredBy(COLOR_SPACES['Display P3'], cICP(12, 13))],
    ['linear light by cICP', () => declaredBy(LINEAR, cICP(1, 8))],
    ['linear light by gAMA', () => declaredBy(LINEAR, gAMA(100_000))],
    ['Adobe RGB by gAMA and cHRM', () => declaredBy(COLOR_SPACES['Adobe RGB'], gAMA(45_471), ADOBE)],
    ['cICP before sRGB', () => declaredBy(COLOR_SPACES['Display P3'], cICP(12, 13), sRGB)],
    [
      'a profile before gAMA',
      async () => withChunks(await pngIn(COLOR_SPACES['Display P3'], picture()), gAMA(100_000)),
    ],
  ])('is converted: %s', async (_what, make) => {
    const original = await make()
    for (const engine of [sharpEngine, jimpEngine]) {
      const { variants, warnings } = await develop(engine, original, PRESET)
      expect(warnings).toEqual([])
      expectNear(await topLeftOf(variants[0]?.data), CORNERS.topLeft)
    }
  })

  test.each<[string, Buffer[]]>([
    ['the usual numbers of sRGB', [sRGB, gAMA(45_455), BT709]],
    ['gAMA and cHRM of sRGB', [gAMA(45_455), BT709]],
    ['cICP of sRGB', [cICP(1, 13)]],
    ['sRGB before gAMA', [sRGB, gAMA(100_000)]],
    ['cHRM alone', [ADOBE]],
    ['a gAMA of nothing', [gAMA(0)]],
  ])('is sRGB: %s', async (_what, chunks) => {
    const original = await withChunks(await picture().png().toBuffer(), ...chunks)
    for (const engine of [sharpEngine, jimpEngine]) {
      const { variants, warnings } = await develop(engine, original, PRESET)
      expect(warnings).toEqual([])
      expectNear(await topLeftOf(variants[0]?.data), CORNERS.topLeft)
    }
  })

  /** What Chromium 156 shows of these numbers. */
  test.each([
    [1, 1, [181, 90, 37]],
    [9, 14, [219, 69, 5]],
    [1, 11, [181, 90, 37]],
  ])('has the curve of video as screens show it: %i, %i', async (primaries, curve, expected) => {
    const plain = sharp({ create: { width: 40, height: 30, channels: 3, background: '#b96330' } })
    const original = await withChunks(await plain.png().toBuffer(), cICP(primaries, curve))
    for (const engine of [sharpEngine, jimpEngine]) {
      const { variants, warnings } = await develop(engine, original, PRESET)
      expect(warnings).toEqual([])
      expectNear(await topLeftOf(variants[0]?.data), expected)
    }
  })

  test('has its next declaration if its profile is damaged', async () => {
    const iCCP = pngChunk('iCCP', Buffer.from('ICC\0\0noise'))
    const original = await declaredBy(LINEAR, iCCP, gAMA(100_000))
    for (const engine of [sharpEngine, jimpEngine]) {
      const { variants, warnings } = await develop(engine, original, PRESET)
      expect(warnings).toEqual(['bad-color-profile'])
      expectNear(await topLeftOf(variants[0]?.data), CORNERS.topLeft)
    }
  })

  test('is not declared by what is after its pixels', async () => {
    const png = await picture().png().toBuffer()
    const original = Buffer.concat([png.subarray(0, -12), gAMA(100_000), png.subarray(-12)])
    for (const engine of [sharpEngine, jimpEngine]) {
      const { variants } = await develop(engine, original, PRESET)
      expectNear(await topLeftOf(variants[0]?.data), CORNERS.topLeft)
    }
  })

  test('is sRGB by cICP, whatever its profile says', async () => {
    const profile = (await pngIn(COLOR_SPACES['Display P3'], picture())).subarray(33)
    const chunk = profile.subarray(0, 12 + profile.readUInt32BE(0))
    const original = await withChunks(await picture().png().toBuffer(), cICP(1, 13), chunk)
    const { variants } = await develop(sharpEngine, original, PRESET)
    expectNear(await topLeftOf(variants[0]?.data), CORNERS.topLeft)
  })

  test.each([
    ['unknown numbers', [cICP(77, 13)]],
    ['primaries on a line', [gAMA(50_000), cHRM(30_000, 30_000, 40_000, 40_000, 50_000, 50_000)]],
  ])('has a warning where it cannot be converted: %s', async (_what, chunks) => {
    const original = await withChunks(await picture().png().toBuffer(), ...chunks)
    for (const engine of [sharpEngine, jimpEngine]) {
      expect((await develop(engine, original, PRESET)).warnings).toEqual(['colors-not-converted'])
    }
  })

  test('is converted if it is grey', async () => {
    const grey = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#404040' } })
      .toColorspace('b-w')
      .png()
      .toBuffer()
    for (const engine of [sharpEngine, jimpEngine]) {
      const { variants, warnings } = await develop(engine, await withChunks(grey, gAMA(100_000)), PRESET)
      expect(warnings).toEqual([])
      expectNear(await topLeftOf(variants[0]?.data), [137, 137, 137])
    }
  })

  test('keeps its transparency, with 16 bits, too', async () => {
    const half = sharp({ create: { width: 40, height: 30, channels: 4, background: '#40404080' } })
    const deep = await half.clone().toColorspace('rgb16').png().toBuffer()
    expect(await sharp(deep).metadata()).toMatchObject({ depth: 'ushort', hasAlpha: true })
    for (const png of [deep, await half.png().toBuffer()]) {
      const original = await withChunks(png, gAMA(100_000))
      for (const engine of [sharpEngine, jimpEngine]) {
        const { variants } = await develop(engine, original, PRESET)
        const raw = await sharp(variants[0]?.data).raw().toBuffer()
        expectNear([...raw.subarray(0, 4)], [137, 137, 137, 128])
      }
    }
  })
})

/** Signals of 0 to 15 sixteenths in 16 bits, and the grey that Chromium 156 shows for each. */
describe('an HDR PNG is tone-mapped as in Chromium, with a warning', () => {
  const peak = (nits: number) => pngChunk('cLLI', uint32s(nits * 10_000, 1_000_000))
  const screen = (nits: number) =>
    pngChunk('mDCV', Buffer.concat([Buffer.alloc(16, 1), uint32s(nits * 10_000, 1)]))

  test.each<[string, Buffer[], number[]]>([
    ['PQ', [cICP(9, 16)], [0, 1, 5, 15, 30, 47, 70, 97, 131, 173, 212, 236, 255, 255, 255, 255]],
    [
      'PQ with a peak of 400 cd/m²',
      [cICP(9, 16), peak(400)],
      [0, 1, 8, 21, 39, 60, 87, 120, 161, 212, 249, 255, 255, 255, 255, 255],
    ],
    [
      'PQ on a screen of 4000 cd/m²',
      [cICP(9, 16), screen(4000)],
      [0, 1, 5, 15, 30, 47, 70, 97, 131, 173, 202, 214, 225, 237, 249, 255],
    ],
    [
      'PQ no brighter than white',
      [cICP(9, 16), peak(100), screen(4000)],
      [0, 2, 10, 25, 44, 68, 98, 135, 181, 234, 255, 255, 255, 255, 255, 255],
    ],
    ['HLG', [cICP(9, 18)], [0, 3, 14, 28, 43, 57, 71, 85, 99, 115, 134, 158, 188, 211, 227, 242]],
    [
      'HLG with a peak of 4000 cd/m²',
      [cICP(9, 18), peak(4000)],
      [0, 3, 14, 28, 43, 57, 71, 85, 99, 115, 134, 158, 188, 201, 209, 217],
    ],
  ])('%s', async (_what, chunks, expected) => {
    const ramp = Uint16Array.from({ length: 16 * 3 }, (_, i) => Math.round((Math.floor(i / 3) / 16) * 65535))
    const plain = sharp(ramp, { raw: { width: 16, height: 1, channels: 3 } }).toColorspace('rgb16')
    const original = await withChunks(await plain.png().toBuffer(), ...chunks)
    for (const engine of [sharpEngine, jimpEngine]) {
      const { variants, warnings } = await develop(engine, original, PRESET)
      expect(warnings).toEqual(['colors-not-converted'])
      const raw = await sharp(variants[0]?.data).removeAlpha().toColorspace('srgb').raw().toBuffer()
      expectNear(
        [...raw].filter((_, i) => i % 3 === 0),
        expected,
      )
    }
  })
})
