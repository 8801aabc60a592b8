import { describe, expect, test } from '@jest/globals'
import { jimpEngine } from '../engines/jimp-engine.ts'
import { sharpEngine } from '../engines/sharp-engine.ts'
import { fourCorners, storedFor } from '../testing/test-images.ts'
import { develop } from './develop.ts'

const PRESET = {
  version: 1,
  variants: [
    { name: 'small', size: 60, format: 'webp', quality: 80 } as const,
    { name: 'large', size: 2048, format: 'jpeg', quality: 80 } as const,
  ],
}

describe.each([sharpEngine, jimpEngine])('develop with $name', (engine) => {
  test('returns the variants and what was found out about the image', async () => {
    const original = await storedFor(6, fourCorners(120, 80))
      .withExifMerge({ IFD0: { Make: 'ACME' }, IFD2: { DateTimeOriginal: '2024:02:29 23:59:58' } })
      .jpeg({ quality: 95 })
      .toBuffer()
    const { variants, ...rest } = await develop(engine, original, PRESET)
    expect(rest).toEqual({
      width: 120,
      height: 80,
      takenAt: '2024-02-29T23:59:58',
      cameraMake: 'ACME',
      orientation: 6,
      hadLocation: false,
      hadContentCredentials: false,
      thumbhash: expect.stringMatching(/^[A-Za-z0-9+/]{20,40}={0,2}$/),
      dominantColor: expect.stringMatching(/^#[0-9a-f]{6}$/),
      perceptualHash: expect.stringMatching(/^[0-9a-f]{16}$/),
      warnings: [],
    })
    expect(variants.map(({ spec, width, height }) => [spec.name, width, height])).toEqual([
      ['small', 60, 40],
      ['large', 120, 80],
    ])
  })

  test('refuses a damaged image with a slug', async () => {
    const cut = (await fourCorners(120, 80).png().toBuffer()).subarray(0, 150)
    await expect(develop(engine, cut, PRESET)).rejects.toMatchObject({ slug: 'corrupt-image' })
  })
})
