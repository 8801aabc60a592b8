import { describe, expect, test } from '@jest/globals'
import { toSources, toSrcset } from './to-srcset.ts'

const ORIGINAL = { width: 4000, height: 3000 }
const variant = (url: string, width: number, height: number, contentType = 'image/jpeg', bytes = 100) => ({
  url,
  width,
  height,
  contentType,
  bytes,
})

describe('srcset', () => {
  test('has the uncropped variants, smallest first, in all formats that every browser supports', () => {
    const variants = [
      variant('/large', 2048, 1536),
      variant('/thumb', 320, 240, 'image/webp'),
      variant('/png', 64, 48, 'image/png'),
    ]
    expect(toSrcset(variants, ORIGINAL)).toBe('/png 64w, /thumb 320w, /large 2048w')
  })

  test('has no cropped variants and no AVIF', () => {
    const variants = [
      variant('/square', 600, 600),
      variant('/card', 600, 449),
      variant('/avif', 1024, 768, 'image/avif'),
      variant('/medium', 1024, 768),
    ]
    expect(toSrcset(variants, ORIGINAL)).toBe('/medium 1024w')
  })

  test('has the smallest file of each width', () => {
    const variants = [
      variant('/a', 320, 240, 'image/webp', 90),
      variant('/b', 320, 240, 'image/jpeg', 120),
      variant('/c', 320, 240, 'image/webp', 80),
    ]
    expect(toSrcset(variants, ORIGINAL)).toBe('/c 320w')
  })

  test.each([
    [3000, 2001, 1024, 683],
    [2001, 3000, 683, 1024],
    [10_000, 3, 320, 1],
    [3, 10_000, 1, 320],
  ])('sees %i × %i as %i × %i as uncropped', (width, height, fittedWidth, fittedHeight) => {
    const one = [variant('/a', fittedWidth, fittedHeight)]
    expect(toSrcset(one, { width, height })).toBe(`/a ${fittedWidth}w`)
  })

  test('is undefined if no variant qualifies', () => {
    expect(toSrcset([variant('/square', 600, 600)], ORIGINAL)).toBeUndefined()
  })
})

describe('sources', () => {
  const jpegs = [variant('/large', 2048, 1536), variant('/medium', 1024, 768)]
  const avif = (width: number, bytes = 60) =>
    variant(`/avif-${width}`, width, (width * 3) / 4, 'image/avif', bytes)

  test('list each format with its widths, AVIF first', () => {
    const webp = variant('/webp', 2048, 1536, 'image/webp', 80)
    expect(toSources([...jpegs, webp, avif(2048), avif(320)], ORIGINAL)).toEqual([
      { type: 'image/avif', srcset: '/avif-320 320w, /avif-2048 2048w' },
      { type: 'image/webp', srcset: '/webp 2048w' },
    ])
  })

  test('leave out a format that would limit the browser to smaller pictures', () => {
    expect(toSources([...jpegs, avif(1024), variant('/thumb', 320, 240, 'image/webp')], ORIGINAL)).toEqual([])
  })

  test('leave out a format that takes more bytes', () => {
    expect(toSources([...jpegs, avif(2048, 101)], ORIGINAL)).toEqual([])
  })

  test('leave out AVIF if its largest variant is a copy of the original', () => {
    const copy = variant('/large-avif', 2048, 1536, 'image/jpeg', 50)
    expect(toSources([...jpegs, avif(1024), copy], ORIGINAL)).toEqual([])
    expect(toSrcset([...jpegs, avif(1024), copy], ORIGINAL)).toBe('/medium 1024w, /large-avif 2048w')
  })

  test('leave out crops', () => {
    expect(toSources([...jpegs, variant('/card', 2048, 600, 'image/avif')], ORIGINAL)).toEqual([])
  })

  test('are there for a preset without a fallback too', () => {
    expect(toSources([avif(320)], ORIGINAL)).toEqual([{ type: 'image/avif', srcset: '/avif-320 320w' }])
  })
})
