import type { VariantSpec } from '@darkroom/core'
import { describeWith } from '@darkroom/testing/needs'
import { photograph } from '@darkroom/testing/photographs'
import { beforeAll, expect, test } from '@jest/globals'
import sharp, { type Sharp } from 'sharp'
import { COLOR_IMAGES } from '../testing/color-images.ts'
import { convertWithImageMagick, hasImageMagick } from '../testing/convert-with-imagemagick.ts'
import { psnr, storedFor } from '../testing/test-images.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'

const SPEC: VariantSpec = { name: 'a', size: 160, format: 'png', background: '#ffffff' }

let picture: Sharp
beforeAll(async () => {
  const { data, info } = await sharp(await photograph('blue-marble'))
    .resize(400)
    .raw()
    .toBuffer({ resolveWithObject: true })
  picture = sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
})

/** In decibels, of a variant 160 px wide. */
async function likeness(engine: typeof sharpEngine, original: Buffer): Promise<number> {
  const { variants } = await engine.develop(original, [SPEC])
  const { data, info } = await sharp(variants[0]?.data)
    .removeAlpha()
    .toColorspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return psnr(data, await convertWithImageMagick(original, info))
}

/**
 * Where there is no number, 45. What ink cannot show comes out a little differently by each way through the colors, and what is
 * nearly transparent by each way to resize.
 */
const LEAST: Record<string, number> = { 'CMYK JPEG': 40, 'ProPhoto RGB JPEG': 42, 'half transparent PNG': 42 }

const IMAGEMAGICK = { missing: hasImageMagick ? undefined : 'ImageMagick not found. Install imagemagick.' }

describeWith(IMAGEMAGICK, 'a variant looks as ImageMagick would make it', () => {
  test.each(Object.entries(COLOR_IMAGES))('sharp, %s', async (what, make) => {
    expect(await likeness(sharpEngine, await make(picture))).toBeGreaterThan(LEAST[what] ?? 45)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('sharp, EXIF orientation %i', async (orientation) => {
    const original = await storedFor(orientation, picture.clone()).jpeg({ quality: 95 }).toBuffer()
    expect(await likeness(sharpEngine, original)).toBeGreaterThan(50)
  })

  /** jimp resizes by another filter. */
  test.each(['sRGB JPEG', 'grey JPEG', 'palette PNG', 'half transparent PNG'])('jimp, %s', async (name) => {
    const original = await COLOR_IMAGES[name]?.(picture)
    expect(await likeness(jimpEngine, original as Buffer)).toBeGreaterThan(37)
  })
})
