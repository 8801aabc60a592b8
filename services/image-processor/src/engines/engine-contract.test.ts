import type { VariantSpec } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import sharp, { type Sharp } from 'sharp'
import type { DevelopedVariant, ImageEngine } from '../image-engine.ts'
import { CORNERS, fourCorners, hasPhotographs, photograph, pngThatClaims, storedFor } from '../test-images.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'

const spec = (name: string, size: number, format: VariantSpec['format'] = 'jpeg'): VariantSpec => ({
  name,
  size,
  format,
  quality: 90,
})
const BOTH_FORMATS = [spec('jpeg', 64), spec('webp', 64, 'webp')]

describe.each([sharpEngine, jimpEngine])('the $name engine', (engine) => {
  describe('turns images upright', () => {
    test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i', async (orientation) => {
      const original = await storedFor(orientation, fourCorners(120, 80)).jpeg({ quality: 95 }).toBuffer()
      const developed = await engine.develop(original, BOTH_FORMATS)
      expect([developed.width, developed.height]).toEqual([120, 80])
      await expectFourCorners(developed, [64, 43])
    })

    test.each(['png', 'webp'] as const)('EXIF in a %s', async (format) => {
      const original = await storedFor(6, fourCorners(120, 80)).toFormat(format).toBuffer()
      await expectFourCorners(await engine.develop(original, BOTH_FORMATS), [64, 43])
    })

    const photographs = hasPhotographs ? test.each : test.skip.each
    photographs([
      ['Landscape_1.jpg', 'Landscape_3.jpg'],
      ['Landscape_1.jpg', 'Landscape_6.jpg'],
      ['Landscape_1.jpg', 'Landscape_8.jpg'],
      ['Portrait_1.jpg', 'Portrait_5.jpg'],
      ['Portrait_1.jpg', 'Portrait_6.jpg'],
    ])('the photographs %s and %s look alike', async (first, second) => {
      const a = await smallPhotograph(engine, first)
      const b = await smallPhotograph(engine, second)
      expect([a.width, a.height]).toEqual([b.width, b.height])
      expect(psnr(a.rgba, b.rgba)).toBeGreaterThan(25)
    })
  })

  describe('sizes', () => {
    test.each([
      [1001, 667, 500, 500, 333],
      [667, 1001, 500, 333, 500],
      [1000, 3, 100, 100, 1],
      [10, 1000, 400, 4, 400],
      [640, 640, 320, 320, 320],
    ])('%i × %i fitted into %i is %i × %i', async (width, height, size, fittedWidth, fittedHeight) => {
      const original = await fourCorners(width, height).png().toBuffer()
      const { variants } = await engine.develop(original, [spec('a', size), spec('b', size, 'webp')])
      for (const variant of variants) {
        expect(await sizeOf(variant)).toEqual([fittedWidth, fittedHeight])
        expect([variant.width, variant.height]).toEqual([fittedWidth, fittedHeight])
      }
    })

    test('is never enlarged', async () => {
      const original = await fourCorners(40, 30).png().toBuffer()
      const { variants, preview } = await engine.develop(original, [spec('a', 2048), spec('b', 41, 'webp')])
      expect(await Promise.all(variants.map(sizeOf))).toEqual([
        [40, 30],
        [40, 30],
      ])
      expect([preview.width, preview.height]).toEqual([40, 30])
    })

    test('many variants come in the order of the preset', async () => {
      const original = await fourCorners(400, 300).jpeg().toBuffer()
      const sizes = [100, 400, 50, 200, 100, 16, 350, 320, 64, 100]
      const specs = sizes.map((size, i) => spec(`v${i}`, size, i % 2 ? 'webp' : 'jpeg'))
      const { variants } = await engine.develop(original, specs)
      expect(variants.map((variant) => variant.spec)).toEqual(specs)
      expect(variants.map(({ width }) => width)).toEqual(sizes)
      for (const variant of variants) await expectQuarters(sharp(variant.data), variant.width, variant.height)
    })
  })

  describe('outputs', () => {
    test('are what their spec says, by their first bytes and by decoding', async () => {
      const original = await fourCorners(100, 80).png().toBuffer()
      const { variants } = await engine.develop(original, BOTH_FORMATS)
      const [jpeg, webp] = variants.map(({ data }) => data) as [Buffer, Buffer]
      expect(jpeg.subarray(0, 3).toString('hex')).toBe('ffd8ff')
      expect(webp.toString('latin1', 0, 4) + webp.toString('latin1', 8, 12)).toBe('RIFFWEBP')
      expect((await sharp(jpeg).metadata()).format).toBe('jpeg')
      expect((await sharp(webp).metadata()).format).toBe('webp')
    })

    test('are smaller at a lower quality', async () => {
      const original = await noise(256, 256).jpeg({ quality: 95 }).toBuffer()
      for (const format of ['jpeg', 'webp'] as const) {
        const specs = [20, 95].map((quality) => ({ name: `q${quality}`, size: 256, format, quality }))
        const [low, high] = (await engine.develop(original, specs)).variants.map(({ data }) => data.length)
        expect(low).toBeLessThan((high as number) / 2)
      }
    })

    test('carry no EXIF, XMP or ICC profile', async () => {
      const original = await fourCorners(100, 80)
        .withIccProfile('srgb')
        .withExif({ IFD0: { Make: 'Secret' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
        .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret/></x:xmpmeta>')
        .jpeg()
        .toBuffer()
      const { variants } = await engine.develop(original, BOTH_FORMATS)
      for (const { data } of variants) {
        const { exif, xmp, icc, orientation } = await sharp(data).metadata()
        expect([exif, xmp, icc, orientation]).toEqual([undefined, undefined, undefined, undefined])
        expect(data.includes('Secret')).toBe(false)
      }
    })

    test('transparency stays in WebP and lies on white in JPEG', async () => {
      const { variants, preview } = await engine.develop(await halfTransparent(), BOTH_FORMATS)
      const [jpeg, webp] = variants.map(({ data }) => data) as [Buffer, Buffer]
      expect(near(await pixelOf(webp, 8, 32), [200, 40, 40, 255])).toBe(true)
      expect((await pixelOf(webp, 56, 32))[3]).toBe(0)
      expect(near(await pixelOf(webp, 32, 8), [40, 70, 190, 128])).toBe(true)
      expect(near(await pixelOf(jpeg, 8, 32), [200, 40, 40])).toBe(true)
      expect(near(await pixelOf(jpeg, 56, 32), [255, 255, 255])).toBe(true)
      expect(near(await pixelOf(jpeg, 32, 8), [148, 163, 223])).toBe(true)
      expect(preview.rgba[(64 * 128 + 112) * 4 + 3]).toBe(0)
    })
  })

  describe('inputs', () => {
    const inputs: Record<string, () => Sharp | Promise<Sharp>> = {
      'baseline JPEG': () => fourCorners(120, 80).jpeg({ quality: 95 }),
      'progressive JPEG': () => fourCorners(120, 80).jpeg({ quality: 95, progressive: true }),
      PNG: () => fourCorners(120, 80).png(),
      'interlaced PNG': () => fourCorners(120, 80).png({ progressive: true }),
      'palette PNG': () => fourCorners(120, 80).png({ palette: true }),
      '16-bit PNG': () => fourCorners(120, 80).toColourspace('rgb16').png(),
      WebP: () => fourCorners(120, 80).webp({ quality: 95 }),
      'lossless WebP': () => fourCorners(120, 80).webp({ lossless: true }),
      'animated WebP': async () => (await animation()).webp({ quality: 95 }),
      GIF: () => fourCorners(120, 80).gif(),
      'animated GIF': async () => (await animation()).gif(),
      AVIF: () => fourCorners(120, 80).avif({ quality: 90, effort: 0 }),
      '10-bit AVIF': () => fourCorners(120, 80).avif({ quality: 90, effort: 0, bitdepth: 10 }),
    }
    test.each(Object.keys(inputs))('%s', async (name) => {
      const original = (await (await inputs[name]?.())?.toBuffer()) as Buffer
      await expectFourCorners(await engine.develop(original, BOTH_FORMATS), [64, 43])
    })

    test.each(['jpeg', 'png'] as const)('grey %s', async (format) => {
      const original = await fourCorners(120, 80).toColourspace('b-w').toFormat(format).toBuffer()
      const { variants, preview } = await engine.develop(original, BOTH_FORMATS)
      const greys = [preview.rgba, ...(await Promise.all(variants.map(({ data }) => pixelOf(data, 10, 10))))]
      for (const [red = 0, green = 0, blue = 0] of greys) {
        expect(Math.abs(red - green) + Math.abs(green - blue)).toBeLessThan(6)
        expect(red).toBeGreaterThan(70)
        expect(red).toBeLessThan(110)
      }
    })
  })

  describe('refuses quickly', () => {
    const TYPES = ['jpeg', 'png', 'webp', 'gif', 'avif'] as const

    test.each(TYPES)('a %s cut in half', async (format) => {
      const whole = await noise(200, 200).toFormat(format).toBuffer()
      await expectProblem(engine, whole.subarray(0, whole.length / 2), 'corrupt-image')
    })

    /** Not JPEG: what is damaged between its first and last byte, decoders may forgive and show. */
    test.each(['png', 'webp', 'gif', 'avif'] as const)('a %s whose data is overwritten', async (format) => {
      const damaged = await noise(200, 200).toFormat(format).toBuffer()
      damaged.fill(0xff, Math.min(damaged.length / 4, 800), damaged.length - 20)
      await expectProblem(engine, damaged, 'corrupt-image')
    })

    test('a PNG that claims 56 megapixels', async () => {
      await expectProblem(engine, await pngThatClaims(8000, 7000), 'image-too-large')
    })
  })
})

/** @param size the variants' width and height */
async function expectFourCorners(
  { variants, preview }: Awaited<ReturnType<ImageEngine['develop']>>,
  size: [number, number],
): Promise<void> {
  for (const variant of variants) {
    expect(await sizeOf(variant)).toEqual(size)
    await expectQuarters(sharp(variant.data), variant.width, variant.height)
  }
  const { width, height } = preview
  expect([width, height]).toEqual([120, 80])
  await expectQuarters(sharp(preview.rgba, { raw: { width, height, channels: 4 } }), width, height)
}

async function expectQuarters(image: Sharp, width: number, height: number): Promise<void> {
  const raw = await image.removeAlpha().raw().toBuffer()
  const at = (x: number, y: number) => {
    const i = (Math.floor(y * height) * width + Math.floor(x * width)) * 3
    return raw.subarray(i, i + 3)
  }
  expect(near(at(0.25, 0.25), CORNERS.topLeft)).toBe(true)
  expect(near(at(0.75, 0.25), CORNERS.topRight)).toBe(true)
  expect(near(at(0.25, 0.75), CORNERS.bottomLeft)).toBe(true)
  expect(near(at(0.75, 0.75), CORNERS.bottomRight)).toBe(true)
}

function near(actual: ArrayLike<number>, expected: readonly number[], tolerance = 10): boolean {
  return expected.every((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)) <= tolerance)
}

async function expectProblem(engine: ImageEngine, original: Buffer, slug: string): Promise<void> {
  const started = performance.now()
  await expect(engine.develop(original, BOTH_FORMATS)).rejects.toMatchObject({ name: 'ProblemError', slug })
  expect(performance.now() - started).toBeLessThan(2000)
}

async function sizeOf({ data }: DevelopedVariant): Promise<[number, number]> {
  const { width, height } = await sharp(data).metadata()
  return [width, height]
}

async function pixelOf(data: Buffer, x: number, y: number): Promise<Buffer> {
  return sharp(data).extract({ left: x, top: y, width: 1, height: 1 }).raw().toBuffer()
}

/** Real EXIF as a camera wrote it, around fewer pixels. */
async function smallPhotograph(engine: ImageEngine, name: string) {
  const original = await sharp(await photograph(name))
    .resize(300, 300, { fit: 'inside' })
    .keepExif()
    .jpeg({ quality: 95 })
    .toBuffer()
  return (await engine.develop(original, [spec('a', 200)])).preview
}

function psnr(a: Uint8Array, b: Uint8Array): number {
  const squares = a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0)
  return 10 * Math.log10((255 * 255 * a.length) / squares)
}

/** Two frames: the first has the four corners, the second is black. */
async function animation(): Promise<Sharp> {
  const first = await fourCorners(120, 80).raw().toBuffer()
  const frames = Buffer.concat([first, Buffer.alloc(first.length)])
  return sharp(frames, { raw: { width: 120, height: 160, channels: 3, pageHeight: 80 } })
}

function noise(width: number, height: number): Sharp {
  return sharp({
    create: {
      width,
      height,
      channels: 3,
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
      background: 'black',
    },
  })
}

/** 128 × 128: red on the left, nothing on the right, a blue half-transparent band on top. */
function halfTransparent(): Promise<Buffer> {
  const data = Buffer.alloc(128 * 128 * 4)
  for (let i = 0; i < 128 * 128; i++) {
    const [x, y] = [i % 128, Math.floor(i / 128)]
    if (y < 32) data.set([40, 70, 190, 128], i * 4)
    else if (x < 64) data.set([200, 40, 40, 255], i * 4)
  }
  return sharp(data, { raw: { width: 128, height: 128, channels: 4 } })
    .png()
    .toBuffer()
}
