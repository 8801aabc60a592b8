import type { Warning } from '@darkroom/core'
import { CAMERA_PHOTOGRAPHS, type PhotographName, photograph } from '@darkroom/testing/photographs'
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { jimpEngine } from '../engines/jimp-engine.ts'
import { sharpEngine } from '../engines/sharp-engine.ts'
import { animation, ODD_IMAGES } from '../testing/odd-images.ts'
import { fourCorners, showsFourCorners } from '../testing/test-images.ts'
import { develop } from './develop.ts'

const PRESET = { version: 1, variants: [{ name: 'a', size: 60, format: 'png' } as const] }

const EFFORT = { jpeg: {}, png: {}, webp: {}, gif: {}, avif: { effort: 0 } }

describe.each([sharpEngine, jimpEngine])('develop with $name warns', (engine) => {
  test.each(ODD_IMAGES)('about %s: %s', async (_what, warning, make) => {
    const { width, height, variants, warnings } = await develop(engine, await make(), PRESET)
    expect([width, height]).toEqual([120, 80])
    expect(await showsFourCorners(sharp(variants[0]?.data))).toBe(true)
    const others = warnings.filter((one) => one !== 'colors-not-converted')
    expect(others).toEqual([warning])
  })

  test.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)(
    'about nothing in a valid %s',
    async (format) => {
      const original = await fourCorners(60, 40)
        .withExif({ IFD0: { Make: 'ACME' }, IFD2: { DateTimeOriginal: '2024:02:29 23:59:58' } })
        .withIccProfile('srgb')
        .toFormat(format, EFFORT[format])
        .toBuffer()
      expect((await develop(engine, original, PRESET)).warnings).toEqual([])
    },
  )
})

test.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('a second %s behind the first', async (format) => {
  const one = await fourCorners(60, 40).toFormat(format, EFFORT[format]).toBuffer()
  expect((await develop(sharpEngine, Buffer.concat([one, one]), PRESET)).warnings).toEqual(['trailing-data'])
})

test.each(['prof', 'rICC'])('the profile of an AVIF is found in a %s box', async (kind) => {
  const avif = await fourCorners(60, 40).withIccProfile('p3').avif({ effort: 0 }).toBuffer()
  avif.write(kind, avif.indexOf('colrrICC') + 4)
  expect((await develop(sharpEngine, avif, PRESET)).warnings).toEqual([])
  avif.write('none', avif.indexOf('acsp'))
  expect((await develop(sharpEngine, avif, PRESET)).warnings).toEqual(['bad-color-profile'])
})

test('an animation that is kept causes no warning', async () => {
  const original = await (await animation()).gif().toBuffer()
  const moving = { name: 'b', size: 60, format: 'webp', animation: 'keep' } as const
  const preset = { version: 1, variants: [...PRESET.variants, moving] }
  expect((await develop(sharpEngine, original, preset)).warnings).toEqual([])
})

/** Warnings about bytes that the camera wrote after the image. */
const TRAILERS: Partial<Record<PhotographName, Warning>> = {
  'sony-a6000': 'extra-images-ignored',
  'nokia-lumia-820': 'trailing-data',
}

test.each(CAMERA_PHOTOGRAPHS)('the photograph %s causes no other warning', async (name) => {
  const { warnings } = await develop(sharpEngine, await photograph(name), PRESET)
  expect(warnings).toEqual(TRAILERS[name] ? [TRAILERS[name]] : [])
})
