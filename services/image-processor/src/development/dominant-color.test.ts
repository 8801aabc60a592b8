import { describe, expect, test } from '@jest/globals'
import type { Pixels } from '../engines/pixels.ts'
import { dominantColor } from './dominant-color.ts'

type Rgba = [number, number, number, number]

function picture(...pixels: Rgba[]): Pixels {
  return { width: pixels.length, height: 1, channels: 4, data: Buffer.from(pixels.flat()) }
}

const many = (count: number, pixel: Rgba): Rgba[] => Array.from({ length: count }, () => pixel)

/** As light and noise change a surface: `spread` in both directions, the same in all channels. */
const lit = (count: number, [red, green, blue]: [number, number, number], spread: number): Rgba[] =>
  Array.from({ length: count }, (_, i) => {
    const by = 1 + spread * Math.sin(i * 2.4)
    return [red * by, green * by, blue * by, 255].map(Math.round) as Rgba
  })

const channels = (color: string) => [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))

describe('dominantColor', () => {
  test('is the most frequent color, not the mean', () => {
    const red = many(40, [200, 16, 16, 255])
    const blue = many(60, [16, 16, 200, 255])
    expect(dominantColor(picture(...red, ...blue))).toBe('#1010c8')
  })

  test('is the mean of similar pixels', () => {
    expect(dominantColor(picture([100, 50, 0, 255], [102, 50, 4, 255], [255, 255, 255, 255]))).toBe('#653202')
  })

  test('is a surface in changing light rather than a smaller, even shadow', () => {
    const [red = 0, green = 0, blue = 0] = channels(
      dominantColor(picture(...lit(600, [170, 110, 60], 0.3), ...many(400, [6, 6, 8, 255]))),
    )
    expect(red).toBeGreaterThan(130)
    expect(red - green).toBeGreaterThan(25)
    expect(green - blue).toBeGreaterThan(25)
  })

  test('is the saturated color if a grey has about as many pixels', () => {
    const [red = 0, green = 0] = channels(
      dominantColor(picture(...many(45, [210, 40, 40, 255]), ...many(55, [120, 120, 120, 255]))),
    )
    expect(red - green).toBeGreaterThan(100)
  })

  test('is black for a small subject before black', () => {
    const dark = dominantColor(picture(...many(80, [10, 10, 10, 255]), ...many(20, [220, 60, 60, 255])))
    expect(dark).toBe('#0a0a0a')
  })

  test('needs no alpha channel', () => {
    const data = Buffer.of(100, 50, 0, 102, 50, 4, 255, 255, 255)
    expect(dominantColor({ width: 3, height: 1, channels: 3, data })).toBe('#653202')
  })

  test('ignores transparent pixels', () => {
    expect(dominantColor(picture(...many(9, [0, 0, 0, 0]), [0, 255, 0, 255]))).toBe('#00ff00')
    expect(dominantColor(picture(...many(9, [0, 0, 0, 0])))).toBe('#ffffff')
  })
})
