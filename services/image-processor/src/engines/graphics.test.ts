import type { VariantSpec } from '@darkroom/core'
import { photograph } from '@darkroom/testing/photographs'
import { describe, expect, test } from '@jest/globals'
import sharp, { type Sharp } from 'sharp'
import { fourCorners, psnr } from '../testing/test-images.ts'
import { kindOf } from './graphics.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'

const INKS = [
  [255, 0, 0],
  [0, 0, 255],
  [0, 128, 0],
]

/** Lines of pretended letters in three colors on white, each with a soft edge, like a screenshot of text. */
function screenshot(width: number, height: number): Buffer {
  const data = Buffer.alloc(width * height * 3, 255)
  const paint = (x: number, y: number, ink: number[], alpha: number) => {
    const mixed = ink.map((value) => Math.round(255 + (value - 255) * alpha))
    data.set(mixed, (y * width + x) * 3)
  }
  for (let line = 0; line * 20 + 18 < height; line++) {
    for (let letter = 0; letter * 9 + 12 < width; letter++) {
      const [left, top, ink] = [letter * 9 + 4, line * 20 + 4, INKS[line % 3] ?? []]
      for (let y = 0; y < 10; y++) {
        const x = left + ((letter * 7 + (letter % 3) * y) % 6)
        paint(x, top + y, ink, 1)
        paint(x + 1, top + y, ink, 0.4)
        if (y % (2 + (letter % 4)) === 0)
          for (let across = 0; across < 5; across++) paint(left + across, top + y, ink, 1)
      }
    }
  }
  return data
}

const raw = (width: number, height: number) => ({ raw: { width, height, channels: 3 as const } })
const drawing = (width = 240, height = 180) => sharp(screenshot(width, height), raw(width, height))
/** The same with margins, as a page has. */
const page = () => drawing().extend({ top: 60, bottom: 180, left: 120, right: 120, background: 'white' })
const rgb = (image: Buffer) => sharp(image).removeAlpha().toColorspace('srgb').raw().toBuffer()
const spec = (format: VariantSpec['format'], size = 2048, quality = 80): VariantSpec => ({
  name: format,
  size,
  format,
  quality,
})

describe.each([sharpEngine, jimpEngine])('the $name engine', (engine) => {
  test('saves a screenshot crisply, and no heavier than it came', async () => {
    const original = await drawing().png().toBuffer()
    const { variants } = await engine.develop(original, [spec('jpeg'), spec('webp')])
    expect(variants.map(({ format }) => format)).toEqual(['png', 'webp'])
    for (const { data, format } of variants) {
      expect((await sharp(data).metadata()).format).toBe(format)
      expect(data.length).toBeLessThanOrEqual(original.length)
      expect(psnr(await rgb(data), screenshot(240, 180))).toBeGreaterThan(45)
    }
  })

  test('keeps its colors at full resolution when it was saved as JPEG before', async () => {
    const original = await page().jpeg({ quality: 97, chromaSubsampling: '4:4:4' }).toBuffer()
    const { variants } = await engine.develop(original, [spec('jpeg', 2048, 90)])
    const [variant] = variants
    if (variant?.format === 'jpeg')
      expect((await sharp(variant.data).metadata()).chromaSubsampling).toBe('4:4:4')
    expect(psnr(await rgb(variant?.data as Buffer), await page().raw().toBuffer())).toBeGreaterThan(35)
  })

  test('composites a transparent logo over the background before it becomes a PNG', async () => {
    const logo = sharp({ create: { width: 64, height: 64, channels: 4, background: '#ff000000' } })
    const original = await logo.png().toBuffer()
    const { variants } = await engine.develop(original, [{ ...spec('jpeg'), background: '#00ff80' }])
    const { data, info } = await sharp(variants[0]?.data).raw().toBuffer({ resolveWithObject: true })
    expect([info.channels, ...data.subarray(0, 3)]).toEqual([3, 0, 255, expect.any(Number)])
    expect(Math.abs((data[2] ?? 0) - 128)).toBeLessThan(3)
  })
})

test.each(['png', 'gif'] as const)(
  'a drawing in a %s is a lossless WebP where AVIF is heavier',
  async (format) => {
    const original = await drawing().toFormat(format, { effort: 10, dither: 0 }).toBuffer()
    const { variants } = await sharpEngine.develop(original, [spec('avif'), spec('avif', 200)])
    expect(variants.map((variant) => variant.format)).toEqual(['webp', 'webp'])
    expect(variants[0]?.data.length).toBeLessThanOrEqual(original.length)
    expect(psnr(await rgb(variants[0]?.data as Buffer), await rgb(original))).toBeGreaterThan(45)
  },
)

test('a photograph keeps the format, the quality and the subsampling of its preset', async () => {
  const original = await photograph('nokia-lumia-820')
  const { variants } = await sharpEngine.develop(original, [spec('jpeg', 640)])
  const [variant] = variants
  expect(variant?.format).toBe('jpeg')
  expect((await sharp(variant?.data).metadata()).chromaSubsampling).toBe('4:2:0')
})

describe('kindOf', () => {
  const kind = async (image: Sharp) => {
    const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true })
    return kindOf({ data, width: info.width, height: info.height, channels: 3 })
  }

  test.each(['blue-marble', 'nokia-lumia-820', 'iphone-6-plus'] as const)(
    'the photograph %s',
    async (name) => {
      expect(await kind(sharp(await photograph(name)).resize(1024))).toBe('photograph')
    },
  )

  test('a subject before plain white is a photograph', async () => {
    const subject = await sharp(await photograph('iphone-6-plus'))
      .resize(300, 300)
      .toBuffer()
    const white = sharp({ create: { width: 1000, height: 800, channels: 3, background: 'white' } })
    const shot = await white
      .composite([{ input: subject, left: 350, top: 250 }])
      .png()
      .toBuffer()
    expect(await kind(sharp(shot))).toBe('photograph')
  })

  test('flat areas, a screenshot, and a screenshot that was a JPEG', async () => {
    expect(await kind(fourCorners(200, 100))).toBe('flat')
    expect(await kind(drawing())).toBe('flat')
    expect(await kind(sharp(await page().jpeg({ quality: 85 }).toBuffer()))).not.toBe('photograph')
  })
})
