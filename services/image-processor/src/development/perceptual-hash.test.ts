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
  const specs = [{ name: 'a', size: 320, format: 'webp', quality: 75 } as const]
  return perceptualHash((await sharpEngine.develop(image, specs)).preview)
}

function bitsApart(a: string, b: string): number {
  const apart = BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
  return apart.toString(2).replaceAll('0', '').length
}

describe('perceptualHash', () => {
  const photographs: Buffer[] = []
  beforeAll(async () => {
    const all = await Promise.all(NAMES.map(photograph))
    for (const photo of all)
      photographs.push(await sharp(photo).autoOrient().resize(800).jpeg({ quality: 95 }).toBuffer())
  })

  test('is 16 hex characters', async () => {
    expect(await hash(photographs[0] as Buffer)).toMatch(/^[0-9a-f]{16}$/)
  })

  test.each<[string, (image: Sharp) => Sharp]>([
    ['half the size', (image) => image.resize(400)],
    ['a quarter of the size, squeezed', (image) => image.resize(200, 150, { fit: 'fill' })],
    ['recompressed', (image) => image.jpeg({ quality: 30 })],
    ['another format', (image) => image.webp({ quality: 60 })],
    ['slightly brighter', (image) => image.modulate({ brightness: 1.1 })],
    ['slightly blurred', (image) => image.blur(1.5)],
  ])('near-duplicates, %s: at most 8 bits apart', async (_, change) => {
    for (const one of photographs) {
      const changed = await change(sharp(one)).toBuffer()
      expect(bitsApart(await hash(one), await hash(changed))).toBeLessThanOrEqual(8)
    }
  })

  test('different photographs: at least 20 bits apart', async () => {
    const hashes: string[] = []
    for (const one of photographs) hashes.push(await hash(one))
    for (const [i, a] of hashes.entries()) {
      for (const b of hashes.slice(i + 1)) expect(bitsApart(a, b)).toBeGreaterThanOrEqual(20)
    }
  })

  test('half of the bits are set, unless the image is flat', async () => {
    const set = bitsApart(await hash(photographs[0] as Buffer), '0')
    expect(set).toBe(32)
    const flat = { width: 40, height: 40, rgba: new Uint8Array(40 * 40 * 4).fill(128) }
    expect(perceptualHash(flat)).toMatch(/^[0-9a-f]{16}$/)
  })

  test('transparent pixels count as white', () => {
    const clear = { width: 40, height: 40, rgba: new Uint8Array(40 * 40 * 4) }
    const white = { width: 40, height: 40, rgba: new Uint8Array(40 * 40 * 4).fill(255) }
    expect(perceptualHash(clear)).toBe(perceptualHash(white))
  })

  test('an image of one pixel has a hash', () => {
    expect(perceptualHash({ width: 1, height: 1, rgba: Uint8Array.of(1, 2, 3, 255) })).toMatch(
      /^[0-9a-f]{16}$/,
    )
  })
})
