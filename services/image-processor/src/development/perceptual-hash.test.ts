import { photograph } from '@darkroom/testing/photographs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import sharp, { type Sharp } from 'sharp'
import { sharpEngine } from '../engines/sharp-engine.ts'
import { perceptualHash } from './perceptual-hash.ts'

const NAMES = [
  'iphone-6-plus',
  'blue-marble',
  'nokia-lumia-820',
  'canon-s40',
  'canon-s400',
  'nikon-d100',
  'xiaomi-mi3',
] as const

async function hash(image: Buffer): Promise<string> {
  const specs = [{ name: 'a', size: 8, format: 'png' } as const]
  return perceptualHash((await sharpEngine.develop(image, specs)).preview)
}

function bitsApart(a: string, b: string): number {
  const apart = BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
  return apart.toString(2).replaceAll('0', '').length
}

/** A heading, an address, a table and a footer at the usual places; bars instead of letters, of lengths that `seed` gives. */
function page(seed: number): Promise<Buffer> {
  let state = seed
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
  const [width, height] = [450, 600]
  const data = Buffer.alloc(width * height, 255)
  const bar = (x: number, y: number, longest: number, thickness = 6) => {
    const length = Math.round(longest * (0.3 + 0.7 * random()))
    for (let row = y; row < y + thickness; row++) data.fill(119, row * width + x, row * width + x + length)
  }
  bar(30, 30, 200, 14)
  for (const y of [75, 88, 100]) bar(30, y, 120)
  const lines = 6 + Math.floor(random() * 20)
  for (let y = 150; y < 150 + lines * 14; y += 14) {
    bar(30, y, 280)
    bar(370, y, 45)
  }
  bar(30, 565, 300)
  return sharp(data, { raw: { width, height, channels: 1 } })
    .jpeg({ quality: 90 })
    .toBuffer()
}

describe('perceptualHash', () => {
  const photographs: Buffer[] = []
  const hashes: string[] = []
  beforeAll(async () => {
    const all = await Promise.all(NAMES.map(photograph))
    for (const photo of all)
      photographs.push(await sharp(photo).autoOrient().resize(500).jpeg({ quality: 95 }).toBuffer())
    for (const one of photographs) hashes.push(await hash(one))
  })

  test('is 16 hex characters', async () => {
    expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/)
  })

  test.each<[string, (image: Sharp) => Sharp]>([
    ['half the size', (image) => image.resize(250)],
    ['a quarter of the size, squeezed', (image) => image.resize(125, 94, { fit: 'fill' })],
    ['recompressed', (image) => image.jpeg({ quality: 30 })],
    ['another format', (image) => image.webp({ quality: 60 })],
    ['slightly brighter', (image) => image.modulate({ brightness: 1.1 })],
    ['darker', (image) => image.linear(0.8)],
    ['slightly blurred', (image) => image.blur(1.5)],
    ['grey', (image) => image.greyscale()],
    ['mirrored', (image) => image.flop()],
  ])('similar, %s: at most 8 bits apart', async (_, change) => {
    for (const [i, one] of photographs.entries()) {
      const changed = await change(sharp(one)).toBuffer()
      expect(bitsApart(hashes[i] ?? '0', await hash(changed))).toBeLessThanOrEqual(8)
    }
  })

  test.each<[string, (image: Sharp, size: { width: number; height: number }) => Sharp]>([
    [
      'cropped by 5 % on each side',
      (image, { width, height }) => {
        const [left, top] = [Math.round(width * 0.05), Math.round(height * 0.05)]
        return image.extract({ left, top, width: width - 2 * left, height: height - 2 * top })
      },
    ],
    ['brighter by a fifth, with white areas', (image) => image.linear(1.2)],
    ['rotated by 2°', (image) => image.rotate(2, { background: 'black' })],
    [
      'with a watermark in the centre',
      (image, { width, height }) => {
        const size = { width: Math.round(width * 0.4), height: Math.round(height * 0.08) }
        const bar = {
          create: { ...size, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0.5 } },
        } as const
        return image.composite([{ input: bar, gravity: 'centre' }])
      },
    ],
  ])('similar, %s: most are at most 8 bits apart', async (_, change) => {
    const near: boolean[] = []
    for (const [i, one] of photographs.entries()) {
      const { width, height } = await sharp(one).metadata()
      const changed = await change(sharp(one), { width, height }).toBuffer()
      near.push(bitsApart(hashes[i] ?? '0', await hash(changed)) <= 8)
    }
    expect(near.filter((isNear) => isNear).length).toBeGreaterThanOrEqual(5)
  })

  test('different photographs: at least 16 bits apart', async () => {
    for (const [i, a] of hashes.entries()) {
      for (const b of hashes.slice(i + 1)) expect(bitsApart(a, b)).toBeGreaterThanOrEqual(16)
    }
  })

  test('pages of the same layout with other texts are not similar, copies of a page are', async () => {
    const pages = await Promise.all([1, 2, 3, 4].map(page))
    const ofPages = await Promise.all(pages.map(hash))
    for (const [i, a] of ofPages.entries()) {
      for (const b of ofPages.slice(i + 1)) expect(bitsApart(a, b)).toBeGreaterThan(8)
    }
    const [first] = pages as [Buffer]
    const copy = await sharp(first).resize(300).jpeg({ quality: 60 }).toBuffer()
    expect(bitsApart(ofPages[0] ?? '0', await hash(copy))).toBeLessThanOrEqual(8)
  })

  test.each([
    [3, '89793c70eb636263'],
    [4, 'b832762a4e499c4b'],
  ] as const)(
    'is the same as in earlier releases, whose hashes it is compared with: %i channels',
    (channels, expected) => {
      const [width, height] = [123, 77]
      const data = Buffer.alloc(width * height * channels)
      for (let y = 0, i = 0; y < height; y++)
        for (let x = 0; x < width; x++, i += channels)
          data.set([2 * x, (x * y) >> 6, 3 * y + x, 2 * x].slice(0, channels), i)
      expect(perceptualHash({ width, height, channels, data })).toBe(expected)
    },
  )

  test('a flat picture has no bits, whatever its color', () => {
    for (const level of [0, 77, 128, 255]) {
      const flat = { width: 40, height: 40, channels: 4 as const, data: Buffer.alloc(40 * 40 * 4, level) }
      expect(perceptualHash(flat)).toBe('0000000000000000')
    }
  })

  test('transparent pixels count as white', () => {
    const clear = { width: 40, height: 40, channels: 4 as const, data: Buffer.alloc(40 * 40 * 4) }
    const white = { width: 40, height: 40, channels: 4 as const, data: Buffer.alloc(40 * 40 * 4, 255) }
    expect(perceptualHash(clear)).toBe(perceptualHash(white))
  })

  test('an image of one pixel has a hash', () => {
    expect(perceptualHash({ width: 1, height: 1, channels: 3, data: Buffer.of(1, 2, 3) })).toMatch(
      /^[0-9a-f]{16}$/,
    )
  })
})
