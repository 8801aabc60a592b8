import { describe, expect, test } from '@jest/globals'
import { thumbHashToAverageRGBA, thumbHashToRGBA } from 'thumbhash'
import type { Pixels } from '../engines/pixels.ts'
import { CORNERS, fourCorners } from '../testing/test-images.ts'
import { thumbhash } from './placeholder.ts'

async function preview(width: number, height: number): Promise<Pixels> {
  return { width, height, channels: 4, data: await fourCorners(width, height).ensureAlpha().raw().toBuffer() }
}

describe('thumbhash', () => {
  test('is a few bytes that show the image blurred', async () => {
    const bytes = Buffer.from(thumbhash(await preview(320, 240)), 'base64')
    expect(bytes.length).toBeLessThan(30)
    const { w, h, rgba } = thumbHashToRGBA(bytes)
    expect(w / h).toBeCloseTo(4 / 3, 0)
    const at = (x: number, y: number) => (Math.floor(y * h) * w + Math.floor(x * w)) * 4
    const corners = [at(0.2, 0.2), at(0.8, 0.2), at(0.2, 0.8), at(0.8, 0.8)]
    Object.values(CORNERS).forEach((color, i) => {
      color.forEach((value, c) => {
        expect(Math.abs((rgba[(corners[i] as number) + c] as number) - value)).toBeLessThan(60)
      })
    })
  })

  test('keeps transparency', async () => {
    const half = await preview(100, 100)
    for (let i = 3; i < half.data.length / 2; i += 4) half.data[i] = 0
    const { a } = thumbHashToAverageRGBA(Buffer.from(thumbhash(half), 'base64'))
    expect(a).toBeCloseTo(0.5, 1)
  })

  test.each([
    [1, 1],
    [320, 1],
    [1, 320],
    [33, 7],
  ])('exists for %i × %i', async (width, height) => {
    expect(thumbhash(await preview(width, height))).toMatch(/^[A-Za-z0-9+/]{6,40}={0,2}$/)
  })
})
