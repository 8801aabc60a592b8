import { describe, expect, test } from '@jest/globals'
import { fourCorners } from '../testing/test-images.ts'
import { sharp } from './restricted-sharp.ts'

const SVG = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>',
)

/** Little-endian, one 1 × 1 strip: enough for libtiff to open (TIFF 6.0, section 2). */
const TIFF = Buffer.from(
  '49492a0008000000' +
    '0700' +
    '000103000100000001000000' +
    '010103000100000001000000' +
    '020103000100000008000000' +
    '030103000100000001000000' +
    '060103000100000001000000' +
    '110104000100000062000000' +
    '170104000100000001000000' +
    '00000000' +
    'ff',
  'hex',
)

describe('restricted sharp', () => {
  test.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('opens %s from memory', async (format) => {
    const image = await fourCorners(8, 8).toFormat(format).toBuffer()
    expect((await sharp(image).metadata()).width).toBe(8)
  })

  test.each([
    ['SVG', SVG],
    ['TIFF', TIFF],
  ])('does not open %s', async (_, image) => {
    await expect(sharp(image).metadata()).rejects.toThrow()
  })

  test('does not open files', async () => {
    const path = new URL('../../../../node_modules/jpeg-exif/test/IMG_0001.JPG', import.meta.url)
    await expect(sharp(path.pathname).metadata()).rejects.toThrow()
  })

  test('works on one thread and caches nothing', () => {
    expect(sharp.concurrency()).toBe(1)
    expect(sharp.cache().memory.max).toBe(0)
  })
})
