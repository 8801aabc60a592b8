import type { VariantSpec, Watermark } from '@darkroom/core'
import { photograph } from '@darkroom/testing/photographs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import sharp, { type Sharp } from 'sharp'
import { animation } from '../testing/odd-images.ts'
import {
  CORNERS,
  fourCorners,
  pngThatClaims,
  psnr,
  showsFourCorners,
  storedFor,
} from '../testing/test-images.ts'
import { COLOR_SPACES, jpegIn, pngIn } from '../testing/wide-gamut.ts'
import { type DevelopedVariant, type ImageEngine, unsupportedBy } from './image-engine.ts'
import { jimpEngine } from './jimp-engine.ts'
import type { Pixels } from './pixels.ts'
import { sharpEngine } from './sharp-engine.ts'

const spec = (name: string, size: number, format: VariantSpec['format'] = 'jpeg'): VariantSpec => ({
  name,
  size,
  format,
  quality: 90,
})
const BOTH_FORMATS = [spec('jpeg', 64), spec('webp', 64, 'webp')]
/** The fastest to save, for tests of what is read. */
const ANY_FORMAT = [spec('png', 64, 'png')]

describe.each([sharpEngine, jimpEngine])('the $name engine', (engine) => {
  describe('turns images upright', () => {
    test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i', async (orientation) => {
      const original = await storedFor(orientation, fourCorners(120, 80)).jpeg({ quality: 95 }).toBuffer()
      const developed = await engine.develop(original, ANY_FORMAT)
      expect([developed.width, developed.height]).toEqual([120, 80])
      await expectFourCorners(developed, [64, 43])
    })

    test.each(['png', 'webp'] as const)('EXIF in a %s', async (format) => {
      const original = await storedFor(6, fourCorners(120, 80)).toFormat(format).toBuffer()
      await expectFourCorners(await engine.develop(original, ANY_FORMAT), [64, 43])
    })

    describe('a photograph', () => {
      let upright: Pixels
      beforeAll(async () => {
        upright = await smallPhotograph(engine, 1)
      })

      test.each([2, 3, 4, 5, 6, 7, 8])('stored for EXIF orientation %i', async (orientation) => {
        const turned = await smallPhotograph(engine, orientation)
        expect([turned.width, turned.height]).toEqual([upright.width, upright.height])
        expect(psnr(turned.data, upright.data)).toBeGreaterThan(25)
      })
    })
  })

  describe('sizes', () => {
    test.each([
      [301, 200, 150, 150, 100],
      [199, 301, 150, 99, 150],
      [1000, 3, 100, 100, 1],
      [10, 1000, 400, 4, 400],
      [160, 160, 80, 80, 80],
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
      const original = await fourCorners(80, 60).jpeg().toBuffer()
      const sizes = [40, 80, 24, 40, 30, 70]
      const specs = sizes.map((size, i) => spec(`v${i}`, size, i % 2 ? 'webp' : 'jpeg'))
      const { variants } = await engine.develop(original, specs)
      expect(variants.map((variant) => variant.spec)).toEqual(specs)
      expect(variants.map(({ width }) => width)).toEqual(sizes)
      for (const { data } of variants) expect(await showsFourCorners(sharp(data))).toBe(true)
    })
  })

  describe('outputs', () => {
    test('are what their spec says, by their first bytes and by decoding', async () => {
      const original = await noise(100, 80).png().toBuffer()
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
      expect(preview.data[(64 * 128 + 112) * 4 + 3]).toBe(0)
    })
  })

  describe('inputs', () => {
    const inputs: Record<string, () => Sharp | Promise<Sharp>> = {
      'baseline JPEG': () => fourCorners(120, 80).jpeg({ quality: 95 }),
      'progressive JPEG': () => fourCorners(120, 80).jpeg({ quality: 95, progressive: true }),
      PNG: () => fourCorners(120, 80).png(),
      'interlaced PNG': () => fourCorners(120, 80).png({ progressive: true }),
      'palette PNG': () => fourCorners(120, 80).png({ palette: true }),
      '16-bit PNG': () => fourCorners(120, 80).toColorspace('rgb16').png(),
      '16-bit PNG with alpha': () => fourCorners(120, 80).ensureAlpha().toColorspace('rgb16').png(),
      'PNG with alpha': () => fourCorners(120, 80).ensureAlpha().png(),
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
      await expectFourCorners(await engine.develop(original, ANY_FORMAT), [64, 43])
    })

    test.each(['jpeg', 'png'] as const)('grey %s', async (format) => {
      const original = await fourCorners(120, 80).toColorspace('b-w').toFormat(format).toBuffer()
      const { variants, preview } = await engine.develop(original, BOTH_FORMATS)
      const greys = [preview.data, ...(await Promise.all(variants.map(({ data }) => pixelOf(data, 10, 10))))]
      for (const [red = 0, green = 0, blue = 0] of greys) {
        expect(Math.abs(red - green) + Math.abs(green - blue)).toBeLessThan(6)
        expect(red).toBeGreaterThan(70)
        expect(red).toBeLessThan(110)
      }
    })
  })

  describe('transparency of inputs', () => {
    test('grey with alpha', async () => {
      const original = await sharp(await halfTransparent())
        .toColorspace('b-w')
        .png()
        .toBuffer()
      expect((await sharp(original).metadata()).channels).toBe(2)
      const { variants } = await engine.develop(original, BOTH_FORMATS)
      const [jpeg, webp] = variants.map(({ data }) => data) as [Buffer, Buffer]
      const [red = 0, green = 0, blue = 0] = await pixelOf(jpeg, 8, 32)
      expect(Math.abs(red - green) + Math.abs(green - blue)).toBeLessThan(6)
      expect(near(await pixelOf(jpeg, 56, 32), [255, 255, 255])).toBe(true)
      expect((await pixelOf(webp, 56, 32))[3]).toBe(0)
    })

    test('a palette with a transparent color', async () => {
      const original = await sharp(await halfTransparent())
        .png({ palette: true })
        .toBuffer()
      expect(original.includes('tRNS')).toBe(true)
      const { variants } = await engine.develop(original, BOTH_FORMATS)
      const [jpeg, webp] = variants.map(({ data }) => data) as [Buffer, Buffer]
      expect(near(await pixelOf(jpeg, 56, 32), [255, 255, 255])).toBe(true)
      expect(near(await pixelOf(jpeg, 8, 32), [200, 40, 40], 14)).toBe(true)
      expect((await pixelOf(webp, 56, 32))[3]).toBe(0)
    })
  })

  describe('colors', () => {
    const managed = Object.entries(COLOR_SPACES).flatMap(([name, space]) => [
      [
        `16-bit PNG in ${name}`,
        () => pngIn(space, fourCorners(120, 80)),
        engine.name === 'jimp' ? 6 : 3,
      ] as const,
      // What JPEG loses grows with the space: one step of ProPhoto's red is three of sRGB's.
      [`JPEG in ${name}`, () => jpegIn(space, fourCorners(120, 80)), 10] as const,
    ])

    test.each(managed)('%s', async (_what, make, tolerance) => {
      const { variants, preview, warnings } = await engine.develop(await make(), [spec('png', 64, 'png')])
      expect(warnings).toEqual([])
      expect(greatestDistance(await pixelsOf(variants[0]?.data as Buffer))).toBeLessThanOrEqual(tolerance)
      expect(greatestDistance(preview)).toBeLessThanOrEqual(tolerance)
    })

    test.each([true, false])('CMYK JPEG, with its profile: %s', async (withProfile) => {
      const cmyk = fourCorners(120, 80, PRINTABLE).toColorspace('cmyk')
      const original = await (withProfile ? cmyk.withIccProfile('cmyk') : cmyk)
        .jpeg({ quality: 98 })
        .toBuffer()
      expect((await sharp(original).metadata()).space).toBe('cmyk')
      const { preview, warnings } = await engine.develop(original, ANY_FORMAT)
      if (engine.name === 'jimp') expect(warnings).toEqual(['colors-not-converted'])
      // Black ink becomes black, so that all is a little deeper than the picture that was made CMYK.
      else expect(greatestDistance(preview, PRINTABLE)).toBeLessThanOrEqual(20)
    })
  })

  describe('presets', () => {
    const crop = (width: number, height: number, more: Partial<VariantSpec> = {}): VariantSpec => ({
      name: `${width}x${height}-${more.position ?? ''}`,
      fit: 'cover',
      width,
      height,
      format: 'png',
      ...more,
    })

    test.each<[string, Partial<VariantSpec>, keyof typeof CORNERS]>([
      ['the top left corner', { position: 'top-left' }, 'topLeft'],
      ['the top right corner', { position: 'top-right' }, 'topRight'],
      ['the bottom left corner', { position: 'bottom-left' }, 'bottomLeft'],
      ['the bottom right corner', { position: 'bottom-right' }, 'bottomRight'],
    ])('a crop keeps %s', async (_what, where, corner) => {
      // 30 × 80 of 120 × 80, then 120 × 20: each narrow enough to lie on one side of the middle.
      const original = await storedFor(6, fourCorners(120, 80)).png().toBuffer()
      const { variants } = await engine.develop(original, [crop(30, 80, where), crop(120, 20, where)])
      const [tall, wide] = variants as [DevelopedVariant, DevelopedVariant]
      expect(await sizeOf(tall)).toEqual([30, 80])
      expect(await sizeOf(wide)).toEqual([120, 20])
      const [top, left] = [corner.startsWith('top'), corner.endsWith('Left')]
      expect(near(await pixelOf(tall.data, 15, top ? 10 : 70), CORNERS[corner])).toBe(true)
      expect(near(await pixelOf(wide.data, left ? 10 : 110, 10), CORNERS[corner])).toBe(true)
    })

    test('a crop of the centre has all four corners', async () => {
      const original = await fourCorners(400, 300).jpeg({ quality: 95 }).toBuffer()
      const { variants } = await engine.develop(original, [crop(100, 100), crop(64, 128)])
      expect(await Promise.all(variants.map(sizeOf))).toEqual([
        [100, 100],
        [64, 128],
      ])
      for (const { data } of variants) expect(await showsFourCorners(sharp(data))).toBe(true)
    })

    test.each([
      [200, 100, 400, 400, 100, 100],
      [200, 100, 300, 200, 150, 100],
      [100, 200, 300, 200, 100, 67],
      [200, 60, 120, 80, 90, 60],
    ])('%i × %i is too small for a crop of %i × %i: %i × %i', async (width, height, w, h, cropW, cropH) => {
      const original = await fourCorners(width, height).png().toBuffer()
      const { variants } = await engine.develop(original, [crop(w, h)])
      expect(await Promise.all(variants.map(sizeOf))).toEqual([[cropW, cropH]])
    })

    test('width and height bound each on its own', async () => {
      const original = await fourCorners(400, 300).png().toBuffer()
      const bounded = (name: string, box: Partial<VariantSpec>): VariantSpec => ({
        name,
        format: 'png',
        ...box,
      })
      const { variants } = await engine.develop(original, [
        bounded('width', { width: 100 }),
        bounded('height', { height: 60 }),
        bounded('both', { width: 200, height: 60 }),
      ])
      expect(await Promise.all(variants.map(sizeOf))).toEqual([
        [100, 75],
        [80, 60],
        [80, 60],
      ])
    })

    test('PNG keeps every pixel', async () => {
      const original = await noise(64, 48).png().toBuffer()
      const { variants } = await engine.develop(original, [spec('png', 64, 'png')])
      const [made, given] = await Promise.all([variants[0]?.data as Buffer, original].map(rgbOf))
      expect(made).toEqual(given)
    })

    test.each(['jpeg', 'png', 'webp'] as const)('%s lies on the background of the preset', async (format) => {
      const spec: VariantSpec = { name: 'a', size: 64, format, background: '#00ff80', quality: 95 }
      const { variants } = await engine.develop(await halfTransparent(), [spec])
      const { data } = variants[0] as DevelopedVariant
      expect(near(await pixelOf(data, 56, 32), [0, 255, 128])).toBe(true)
      expect(near(await pixelOf(data, 32, 8), [20, 163, 159])).toBe(true)
      expect((await sharp(data).stats()).isOpaque).toBe(true)
    })

    describe('a watermark', () => {
      const watermarkImage = sharp({ create: { width: 40, height: 20, channels: 4, background: '#000000' } })
        .png()
        .toBuffer()
      const marked = async (watermark: Partial<Watermark>, format: VariantSpec['format'] = 'png') => ({
        name: 'marked',
        size: 200,
        format,
        watermark: {
          file: 'mark.png',
          gravity: 'bottom-right',
          opacity: 1,
          size: 0.1,
          ...watermark,
        } as const,
        watermarkImage: await watermarkImage,
      })

      test.each([
        ['bottom-right', 185.5, 123.5],
        ['top-left', 13.5, 8.5],
        ['centre', 99.5, 65.5],
      ] as const)('lies in the %s', async (gravity, x, y) => {
        const original = await fourCorners(300, 200).png().toBuffer()
        const { variants } = await engine.develop(original, [
          await marked({ gravity }),
          spec('plain', 200, 'png'),
        ])
        const [marked_, plain] = await Promise.all(variants.map(({ data }) => rgbOf(data)))
        const changed: [number, number][] = []
        for (let i = 0; i < 200 * 133; i++) {
          if (marked_?.readUIntBE(i * 3, 3) !== plain?.readUIntBE(i * 3, 3)) {
            changed.push([i % 200, Math.floor(i / 200)])
          }
        }
        // 20 × 10 pixels, a tenth of the width, 4 pixels from the edges.
        expect(changed.length).toBe(200)
        const middle = [0, 1].map((axis) => changed.reduce((sum, at) => sum + (at[axis] ?? 0), 0) / 200)
        expect(middle).toEqual([x, y])
      })

      test('is as opaque as the preset says, on JPEG as on transparent PNG', async () => {
        const original = await halfTransparent()
        const orders = [
          { ...(await marked({ gravity: 'right', opacity: 0.5, size: 0.3 }, 'jpeg')), name: 'jpeg' },
          await marked({ gravity: 'right', opacity: 0.5, size: 0.3 }),
        ]
        const { variants } = await engine.develop(original, orders)
        const [jpeg, png] = variants.map(({ data }) => data) as [Buffer, Buffer]
        expect(near(await pixelOf(jpeg, 110, 64), [128, 128, 128], 6)).toBe(true)
        expect(near(await pixelOf(png, 110, 64), [0, 0, 0, 128], 2)).toBe(true)
      })

      test('is never larger than its file', async () => {
        const original = await fourCorners(300, 200).png().toBuffer()
        const { variants } = await engine.develop(original, [await marked({ gravity: 'centre', size: 1 })])
        const rgb = await rgbOf(variants[0]?.data as Buffer)
        let black = 0
        for (let i = 0; i < 200 * 133; i++) if (rgb.readUIntBE(i * 3, 3) === 0) black += 1
        expect(black).toBe(40 * 20)
      })
    })

    /** What an engine does not support it says when a function starts: presets.test.ts. */
    const ifCan = (what: VariantSpec, name: string, run: () => Promise<void>) => {
      if (unsupportedBy(engine.name, what).length === 0) test(name, run)
    }
    const avif = spec('avif', 64, 'avif')
    const smart = crop(40, 80, { position: 'smart' })
    const moving: VariantSpec = { ...spec('moving', 60, 'webp'), animation: 'keep' }

    ifCan(avif, 'AVIF, with its transparency', async () => {
      const original = await fourCorners(120, 80).png().toBuffer()
      await expectFourCorners(await engine.develop(original, [avif]), [64, 43])
      const { variants } = await engine.develop(await halfTransparent(), [avif])
      expect((await pixelOf(variants[0]?.data as Buffer, 56, 32))[3]).toBe(0)
    })

    ifCan(smart, 'a smart crop goes where something is to be seen', async () => {
      const subject = await noise(30, 60).png().toBuffer()
      const grey = sharp({ create: { width: 200, height: 80, channels: 3, background: '#808080' } })
      const original = await grey
        .composite([{ input: subject, left: 160, top: 10 }])
        .png()
        .toBuffer()
      const { variants } = await engine.develop(original, [smart, crop(40, 80)])
      const deviation = async ({ data }: DevelopedVariant) => (await sharp(data).stats()).channels[0]?.stdev
      const [clever, central] = await Promise.all(variants.map(deviation))
      expect(clever).toBeGreaterThan(15)
      expect(central).toBeLessThan(1)
    })

    const gif = async () => (await animation()).gif({ delay: [100, 300], loop: 3 }).toBuffer()

    ifCan(
      moving,
      'an animation is kept, its times and repetitions too, where the preset says so',
      async () => {
        const specs = [moving, { ...moving, name: 'crop', fit: 'cover', position: 'left', size: 40 } as const]
        const { variants } = await engine.develop(await gif(), [...specs, spec('still', 60, 'webp')])
        const [whole, cropped, still] = variants as [DevelopedVariant, DevelopedVariant, DevelopedVariant]
        expect(await sharp(whole.data, { animated: true }).metadata()).toMatchObject({
          pages: 2,
          width: 60,
          pageHeight: 40,
          delay: [100, 300],
          loop: 3,
        })
        expect([whole.width, whole.height, whole.frames]).toEqual([60, 40, 2])
        expect(await sharp(cropped.data, { animated: true }).metadata()).toMatchObject({
          pages: 2,
          width: 40,
          pageHeight: 40,
        })
        expect(await showsFourCorners(sharp(whole.data))).toBe(true)
        expect(near(await pixelOf(cropped.data, 10, 10), CORNERS.topLeft)).toBe(true)
        expect(near(await pixelOf(cropped.data, 35, 10), CORNERS.topRight)).toBe(true)
        const second = await sharp(whole.data, { page: 1 }).stats()
        expect(second.channels[0]?.max).toBeLessThan(20)
        expect((await sharp(still.data).metadata()).pages ?? 1).toBe(1)
      },
    )

    ifCan(moving, 'an animation of too many frames shows its first', async () => {
      const frames = Buffer.concat(Array.from({ length: 3 }, (_, i) => Buffer.alloc(8 * 8 * 3, 60 * i)))
      const original = await sharp(frames, { raw: { width: 8, height: 24, channels: 3, pageHeight: 8 } })
        .gif()
        .toBuffer()
      const limited = (name: string, maxFrames: number) => ({ ...moving, name, maxFrames })
      const { variants } = await engine.develop(original, [limited('two', 2), limited('three', 3)])
      expect(variants.map(({ frames }) => frames)).toEqual([1, 3])
    })
  })

  describe('refuses', () => {
    const TYPES = ['jpeg', 'png', 'webp', 'gif', 'avif'] as const
    const QUICK = { jpeg: {}, png: {}, webp: {}, gif: { effort: 1, dither: 0 }, avif: { effort: 0 } }

    test.each(TYPES)('a %s cut in half', async (format) => {
      const whole = await noise(200, 200).toFormat(format, QUICK[format]).toBuffer()
      await expectProblem(engine, whole.subarray(0, whole.length / 2), 'corrupt-image')
    })

    /** Not JPEG: what is damaged between its first and last byte, decoders may forgive and show. */
    test.each(['png', 'webp', 'gif', 'avif'] as const)('a %s whose data is overwritten', async (format) => {
      const damaged = await noise(200, 200).toFormat(format, QUICK[format]).toBuffer()
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
    expect(await showsFourCorners(sharp(variant.data))).toBe(true)
  }
  const { data, ...raw } = preview
  expect([raw.width, raw.height]).toEqual([120, 80])
  expect(await showsFourCorners(sharp(data, { raw }))).toBe(true)
}

function near(actual: ArrayLike<number>, expected: readonly number[], tolerance = 10): boolean {
  return expected.every((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)) <= tolerance)
}

async function expectProblem(engine: ImageEngine, original: Buffer, slug: string): Promise<void> {
  await expect(engine.develop(original, ANY_FORMAT)).rejects.toMatchObject({ name: 'ProblemError', slug })
}

async function sizeOf({ data }: DevelopedVariant): Promise<[number, number]> {
  const { width, height } = await sharp(data).metadata()
  return [width, height]
}

async function pixelOf(data: Buffer, x: number, y: number): Promise<Buffer> {
  return sharp(data).extract({ left: x, top: y, width: 1, height: 1 }).raw().toBuffer()
}

const uprightPhotograph = photograph('nokia-lumia-820').then((original) =>
  sharp(original).resize(150, 150, { fit: 'inside' }).keepExif().png().toBuffer(),
)

/** Real EXIF as a camera wrote it but for the orientation, around fewer pixels. */
async function smallPhotograph(engine: ImageEngine, orientation: number) {
  const original = await storedFor(orientation, sharp(await uprightPhotograph))
    .jpeg({ quality: 95 })
    .toBuffer()
  expect(original.includes('Lumia 820')).toBe(true)
  return (await engine.develop(original, [spec('a', 100, 'png')])).preview
}

async function rgbOf(data: Buffer): Promise<Buffer> {
  return sharp(data).removeAlpha().raw().toBuffer()
}

async function pixelsOf(data: Buffer): Promise<Pixels> {
  const { data: rgba, info } = await sharp(data).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, channels: 4, data: rgba }
}

type Corners = Record<keyof typeof CORNERS, readonly [number, number, number]>

/** Colors that ink on paper can have. */
const PRINTABLE: Corners = {
  topLeft: [180, 95, 85],
  topRight: [105, 145, 105],
  bottomLeft: [90, 105, 140],
  bottomRight: [205, 190, 125],
}

/** How far the middle of any quarter is from its color, in the channel that is farthest, 0 to 255. */
function greatestDistance({ width, height, channels, data }: Pixels, corners: Corners = CORNERS): number {
  const at = (x: number, y: number) => (Math.floor(y * height) * width + Math.floor(x * width)) * channels
  const distance = (corner: keyof typeof CORNERS, from: number) =>
    Math.max(...corners[corner].map((value, c) => Math.abs(value - (data[from + c] as number))))
  return Math.max(
    distance('topLeft', at(0.25, 0.25)),
    distance('topRight', at(0.75, 0.25)),
    distance('bottomLeft', at(0.25, 0.75)),
    distance('bottomRight', at(0.75, 0.75)),
  )
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
