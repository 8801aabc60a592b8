import type { VariantSpec } from '@darkroom/core'
import { photograph } from '@darkroom/testing/photographs'
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { CORNERS, fourCorners, psnr } from '../testing/test-images.ts'
import { sharpEngine } from './sharp-engine.ts'

const SPECS: VariantSpec[] = [{ name: 'a', size: 160, format: 'png' }]

/** Of the preview, against what sharp makes of the original when it is left to itself. */
async function psnrAgainstDefault(original: Buffer): Promise<number> {
  const { preview } = await sharpEngine.develop(original, SPECS)
  const { width, height, channels } = preview
  const expected = sharp(original).autoOrient().resize({ width, height, fit: 'fill' })
  const alike = channels === 4 ? expected.ensureAlpha() : expected.removeAlpha()
  return psnr(preview.data, await alike.raw().toBuffer())
}

/** A picture with every hue and many brightnesses, 320 × 240. */
function spectrum() {
  const data = Buffer.alloc(320 * 240 * 3)
  for (let i = 0; i < 320 * 240; i++) {
    const [x, y] = [(i % 320) / 320, Math.floor(i / 320) / 240]
    for (let c = 0; c < 3; c++) data[i * 3 + c] = 255 * y * (0.5 + 0.5 * Math.cos(2 * Math.PI * (x + c / 3)))
  }
  return sharp(data, { raw: { width: 320, height: 240, channels: 3 } })
}

describe('color', () => {
  test.each([
    ['sRGB JPEG', () => spectrum().withIccProfile('srgb').jpeg({ quality: 95 })],
    ['Display P3 JPEG', () => spectrum().withIccProfile('p3').jpeg({ quality: 95 })],
    ['Display P3 PNG', () => spectrum().withIccProfile('p3').png()],
    ['Display P3 PNG with alpha', () => spectrum().ensureAlpha(0.5).withIccProfile('p3').png()],
    ['CMYK JPEG', () => spectrum().toColorspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 95 })],
    ['16-bit PNG', () => spectrum().toColorspace('rgb16').png()],
  ])('%s: as sharp converts it by default', async (_, image) => {
    expect(await psnrAgainstDefault(await image().toBuffer())).toBeGreaterThan(40)
  })

  test('the conversion of Display P3 does something', async () => {
    const original = await spectrum().withIccProfile('p3').png().toBuffer()
    const { preview } = await sharpEngine.develop(original, SPECS)
    const { width, height } = preview
    const unconverted = await sharp(original, { ignoreIcc: true })
      .resize({ width, height, fit: 'fill' })
      .raw()
      .toBuffer()
    expect(psnr(preview.data, unconverted)).toBeLessThan(35)
  })

  /** sharp by itself leaves these in Display P3's numbers. */
  test.each(['srgb', 'p3'])('a 16-bit PNG with a profile of %s has its colors', async (profile) => {
    const original = await fourCorners(120, 80).toColorspace('rgb16').withIccProfile(profile).png().toBuffer()
    const { preview } = await sharpEngine.develop(original, SPECS)
    CORNERS.topLeft.forEach((value, c) => {
      expect(Math.abs((preview.data[(10 * 120 + 10) * preview.channels + c] as number) - value)).toBeLessThan(
        4,
      )
    })
  })

  test('a photograph with a profile of sRGB', async () => {
    expect(await psnrAgainstDefault(await photograph('nikon-d100'))).toBeGreaterThan(40)
  })

  /** Large enough for libjpeg to make it smaller. */
  test.each(['srgb', 'p3'])('a photograph of 2 megapixels with a profile of %s', async (profile) => {
    const original = await sharp(await photograph('sony-a6000'))
      .resize(1800)
      .keepExif()
      .withIccProfile(profile)
      .jpeg({ quality: 90 })
      .toBuffer()
    expect(await psnrAgainstDefault(original)).toBeGreaterThan(40)
  })
})

describe('refuses', () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
  test.each([
    ['SVG', Buffer.from(svg)],
    ['text', Buffer.from('not an image')],
    ['nothing', Buffer.alloc(0)],
  ])('%s', async (_, original) => {
    await expect(sharpEngine.develop(original, SPECS)).rejects.toMatchObject({ slug: 'corrupt-image' })
  })
})
