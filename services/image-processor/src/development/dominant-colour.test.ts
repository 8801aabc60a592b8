import { describe, expect, test } from '@jest/globals'
import { dominantColour } from './dominant-colour.ts'

type Rgba = [number, number, number, number]

function picture(...pixels: Rgba[]) {
  return { width: pixels.length, height: 1, rgba: Uint8Array.from(pixels.flat()) }
}

const many = (count: number, pixel: Rgba): Rgba[] => Array.from({ length: count }, () => pixel)

describe('dominantColour', () => {
  test('is what most of the image has, not the mean', () => {
    const red = many(40, [200, 16, 16, 255])
    const blue = many(60, [16, 16, 200, 255])
    expect(dominantColour(picture(...red, ...blue))).toBe('#1010c8')
  })

  test('is the mean of pixels that are nearly alike', () => {
    expect(dominantColour(picture([100, 50, 0, 255], [102, 50, 4, 255], [255, 255, 255, 255]))).toBe(
      '#653202',
    )
  })

  test('does not see what is transparent', () => {
    expect(dominantColour(picture(...many(9, [0, 0, 0, 0]), [0, 255, 0, 255]))).toBe('#00ff00')
    expect(dominantColour(picture(...many(9, [0, 0, 0, 0])))).toBe('#ffffff')
  })
})
