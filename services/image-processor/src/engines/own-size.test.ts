import type { OutputFormat, VariantSpec } from '@darkroom/core'
import { photograph } from '@darkroom/testing/photographs'
import { describe, expect, test } from '@jest/globals'
import sharp, { type Sharp } from 'sharp'
import { fourCorners } from '../testing/test-images.ts'
import { COLOR_SPACES, jpegIn } from '../testing/wide-gamut.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'

const spec = (format: OutputFormat, rest: Partial<VariantSpec> = {}): VariantSpec => ({
  name: format,
  size: 2048,
  format,
  ...rest,
})
/** Decoded once. */
const { data: pixels, info } = await sharp(await photograph('nokia-lumia-820'))
  .resize(200)
  .raw()
  .toBuffer({ resolveWithObject: true })
const photo = () => sharp(pixels, { raw: { width: info.width, height: info.height, channels: 3 } })
const rgb = (image: Buffer) => sharp(image).removeAlpha().toColorspace('srgb').raw().toBuffer()

function gradient(alpha: (x: number) => number): Sharp {
  const data = Buffer.alloc(128 * 96 * 4)
  for (let y = 0; y < 96; y++)
    for (let x = 0; x < 128; x++) data.set([x, y, 2 * y, alpha(x)], (y * 128 + x) * 4)
  return sharp(data, { raw: { width: 128, height: 96, channels: 4 } })
}

describe.each([sharpEngine, jimpEngine])(
  'variants as large as their original, by the $name engine',
  (engine) => {
    const develop = async (original: Buffer, ...specs: VariantSpec[]) =>
      (await engine.develop(original, specs)).variants

    test('a JPEG of no more than the preset’s quality stays as it is, without its metadata', async () => {
      const bytes = await photo().jpeg({ quality: 70 }).toBuffer()
      const original = await sharp(bytes)
        .withExif({ IFD0: { Artist: 'N. N.' } })
        .jpeg({ quality: 70 })
        .toBuffer()
      const [jpeg, webp] = await develop(original, spec('jpeg'), spec('webp', { quality: 95 }))
      expect(await rgb(jpeg?.data as Buffer)).toEqual(await rgb(original))
      expect((await sharp(jpeg?.data).metadata()).exif).toBeUndefined()
      expect([webp?.format, webp?.data]).toEqual(['jpeg', jpeg?.data])
    })

    test('one of a higher quality is saved at the preset’s', async () => {
      const original = await photo().jpeg({ quality: 97 }).toBuffer()
      const [variant] = await develop(original, spec('jpeg', { quality: 75 }))
      expect(variant?.data.length).toBeLessThan(0.6 * original.length)
    })

    test('one that must be rotated is not copied', async () => {
      const original = await photo().withMetadata({ orientation: 6 }).jpeg({ quality: 50 }).toBuffer()
      const [variant] = await develop(original, spec('jpeg'))
      const { width = 0, height = 0 } = await sharp(original).metadata()
      expect(await sharp(variant?.data).metadata()).toMatchObject({ width: height, height: width })
      expect(variant?.data.length).toBeLessThanOrEqual(original.length)
    })

    test('a PNG of soft colors that a JPEG would make heavier stays a PNG', async () => {
      const original = await gradient(() => 255)
        .png({ compressionLevel: 9, adaptiveFiltering: true })
        .toBuffer()
      const [variant] = await develop(original, spec('jpeg'))
      expect(variant?.format).toBe('png')
      expect(await rgb(variant?.data as Buffer)).toEqual(await rgb(original))
    })

    test('a transparent one is composited over the background', async () => {
      const original = await gradient((x) => 2 * x)
        .png({ compressionLevel: 9, adaptiveFiltering: true })
        .toBuffer()
      const [variant] = await develop(original, spec('jpeg', { background: '#ffffff' }))
      const { data } = await sharp(variant?.data).raw().toBuffer({ resolveWithObject: true })
      expect(data[0]).toBeGreaterThan(250)
    })

    test('a transparent palette is composited, and the PNG is no heavier', async () => {
      const data = Buffer.alloc(64 * 64 * 4)
      for (let i = 0; i < 64 * 64; i++) {
        const color = ((i * 7) ^ ((i >> 6) * 5)) & 15
        data.set([16 * color, 255 - 9 * color, 99, 17 * color], 4 * i)
      }
      const original = await sharp(data, { raw: { width: 64, height: 64, channels: 4 } })
        .png({ palette: true, colours: 16, dither: 0, compressionLevel: 9, effort: 10 })
        .toBuffer()
      const [variant] = await develop(original, spec('jpeg', { background: '#ffcc00' }))
      expect(variant?.data.length).toBeLessThanOrEqual(original.length)
      const before = await rgb(await sharp(original).flatten({ background: '#ffcc00' }).png().toBuffer())
      const shown = await rgb(variant?.data as Buffer)
      expect(shown.every((value, i) => Math.abs(value - (before[i] ?? 0)) <= 1)).toBe(true)
    })

    test('a lossy WebP stays one', async () => {
      const original = await photo().webp({ quality: 30, effort: 6 }).toBuffer()
      const [variant] = await develop(original, spec('webp'))
      expect(variant?.data).toEqual(original)
    })

    test('no original that is JPEG, PNG or WebP gets a heavier variant of a format that shows it', async () => {
      const pictures = [photo(), fourCorners(60, 40), gradient(() => 255), photo().resize(24).greyscale()]
      for (const picture of pictures) {
        const jpeg = await picture.clone().jpeg({ quality: 35, mozjpeg: true }).toBuffer()
        const png = await picture.clone().png({ palette: true, colors: 16 }).toBuffer()
        const webp = await picture.clone().webp({ quality: 40, effort: 6 }).toBuffer()
        const weights = [
          ...(await develop(jpeg, spec('jpeg'), spec('webp'))).map(({ data }) => data.length / jpeg.length),
          ...(await develop(png, spec('jpeg'), spec('webp'), spec('png'))).map(
            ({ data }) => data.length / png.length,
          ),
          ...(await develop(webp, spec('webp'))).map(({ data }) => data.length / webp.length),
        ]
        expect(Math.max(...weights)).toBeLessThanOrEqual(1)
      }
    })
  },
)

/** Red shapes on a transparent ground. */
function icon(side: number, isInside: (x: number, y: number) => boolean): Sharp {
  const data = Buffer.alloc(side * side * 4)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) data.set([200, 50, 50, isInside(x, y) ? 255 : 0], (y * side + x) * 4)
  return sharp(data, { raw: { width: side, height: side, channels: 4 } })
}

test.each<[string, number, (x: number, y: number) => boolean]>([
  ['checks', 288, (x, y) => ((x >> 4) + (y >> 4)) % 2 === 1],
  ['stripes', 288, (x, y) => ((x + 2 * y) >> 4) % 2 === 1],
  ['rings', 288, (x, y) => Math.floor(Math.hypot(x - 144, y - 144)) % 24 < 12],
  ['a disc', 800, (x, y) => Math.hypot(x - 400, y - 400) < 320],
])('a transparent icon does not become heavier before a background: %s', async (_what, side, isInside) => {
  const original = await icon(side, isInside)
    .png({ palette: true, dither: 0, effort: 10, compressionLevel: 9 })
    .toBuffer()
  const { variants } = await sharpEngine.develop(original, [spec('jpeg')])
  expect(variants[0]?.data.length).toBeLessThanOrEqual(original.length)
  const before = await rgb(await sharp(original).flatten({ background: '#fff' }).png().toBuffer())
  const shown = await rgb(variants[0]?.data as Buffer)
  expect(shown.every((value, i) => Math.abs(value - (before[i] ?? 0)) <= 4)).toBe(true)
})

test('a transparent drawing of more than 256 colors does not become heavier before a background', async () => {
  const [width, height] = [640, 480]
  const data = Buffer.alloc(width * height * 4)
  for (let n = 0; n < 24; n++) {
    const color = [67, 101, 151].map((step) => ((n % 8) * step) % 256)
    const [cx, cy, radius] = [(n * 211) % width, (n * 137) % height, 12 + ((n * 29) % 40)]
    for (let y = Math.max(0, cy - radius); y < Math.min(height, cy + radius); y++)
      for (let x = Math.max(0, cx - radius); x < Math.min(width, cx + radius); x++) {
        const cover = Math.min(1, (radius - Math.hypot(x - cx, y - cy)) / 2) // soft edges of two pixels
        if (cover > 0) data.set([...color, Math.round(255 * cover)], 4 * (y * width + x))
      }
  }
  const drawing = sharp(data, { raw: { width, height, channels: 4 } })
  const original = await drawing.clone().png({ compressionLevel: 9 }).toBuffer()
  const { variants } = await sharpEngine.develop(original, [spec('jpeg')])
  expect(variants[0]?.data.length).toBeLessThan(original.length)
  const before = await rgb(await drawing.flatten({ background: '#fff' }).png().toBuffer())
  const shown = await rgb(variants[0]?.data as Buffer)
  const differences = shown.map((value, i) => Math.abs(value - (before[i] ?? 0)))
  expect(differences.every((difference) => difference <= 20)).toBe(true)
  expect(differences.filter((difference) => difference > 4).length / shown.length).toBeLessThan(0.001)
})

test('soft edges of a transparent icon do not keep the WebP encoder busy', async () => {
  const side = 512
  const data = Buffer.alloc(side * side * 4)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [dx, dy] = [x - side / 2, y - side / 2]
      const inside = 128 * Math.hypot(dx, dy) * (Math.cos(8 * Math.atan2(dy, dx)) - 0.3)
      const alpha = Math.hypot(dx, dy) > 216 ? 0 : Math.max(0, Math.min(255, inside))
      data.set([40, 100 + (y >> 3), 60, alpha], (y * side + x) * 4)
    }
  }
  const original = await sharp(data, { raw: { width: side, height: side, channels: 4 } })
    .png({ palette: true, colours: 64 })
    .toBuffer()
  const before = process.cpuUsage()
  const { variants } = await sharpEngine.develop(original, [spec('webp', { size: 320 })])
  const { user, system } = process.cpuUsage(before)
  expect(variants[0]?.data.length).toBeGreaterThan(original.length) // so it was tried thoroughly
  expect((user + system) / 1e6).toBeLessThan(4)
})

test('a JPEG of wide gamut is converted, not copied', async () => {
  const original = await jpegIn(COLOR_SPACES['Display P3'], fourCorners(60, 40))
  const { variants } = await sharpEngine.develop(original, [spec('jpeg', { quality: 100 })])
  const [r = 0, g = 0] = await rgb(variants[0]?.data as Buffer)
  expect(Math.abs(r - 200) + Math.abs(g - 40)).toBeLessThan(12)
})

test.each(['jpeg', 'webp'] as const)(
  'an AVIF variant is a %s that AVIF would make heavier',
  async (format) => {
    const bytes = await photo().toFormat(format, { quality: 8 }).toBuffer()
    const original = await sharp(bytes)
      .withExif({ IFD0: { Artist: 'N. N.' } })
      .toFormat(format, { quality: 8 })
      .toBuffer()
    const { variants } = await sharpEngine.develop(original, [spec('avif', { quality: 80 })])
    expect(variants.map((variant) => variant.format)).toEqual([format])
    expect(variants[0]?.data.length).toBeLessThan(original.length)
    expect(variants[0]?.data.includes('N. N.')).toBe(false)
    expect(await rgb(variants[0]?.data as Buffer)).toEqual(await rgb(original))
  },
)

test('an AVIF of a low quality stays as it is, without its metadata', async () => {
  const original = await sharp(await photo().png().toBuffer())
    .withExif({ IFD0: { Artist: 'N. N.' } })
    .avif({ quality: 30 })
    .toBuffer()
  const { variants } = await sharpEngine.develop(original, [spec('avif', { quality: 63 })])
  expect(variants.map(({ format }) => format)).toEqual(['avif'])
  expect(variants[0]?.data).toHaveLength(original.length)
  expect(variants[0]?.data.includes('N. N.')).toBe(false)
  expect(await rgb(variants[0]?.data as Buffer)).toEqual(await rgb(original))
})
