import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { develop } from '../development/develop.ts'
import { avifWith, iccColors } from '../testing/avif-colors.ts'
import { CORNERS, fourCorners } from '../testing/test-images.ts'
import { COLOR_SPACES, jpegIn, profileOf } from '../testing/wide-gamut.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'

const PRESET = { version: 1, variants: [{ name: 'a', size: 40, format: 'png' as const }] }
const P3 = profileOf(COLOR_SPACES['Display P3'])
const longer = Buffer.concat([P3, Buffer.alloc(3)])
const shorter = P3.subarray(0, 300)

async function topLeftOf(image: Uint8Array | undefined): Promise<number[]> {
  const raw = await sharp(image).removeAlpha().toColorspace('srgb').raw().toBuffer()
  return [...raw.subarray((5 * 40 + 5) * 3, (5 * 40 + 5) * 3 + 3)]
}

function expectNear(actual: number[], expected: readonly number[]) {
  const isNear = actual.every((value, i) => Math.abs(value - (expected[i] ?? 0)) <= 5)
  expect(isNear ? expected : actual).toEqual(expected)
}

/** A JPEG in Display P3 whose profile is replaced. */
async function jpegWith(profile: Buffer): Promise<Buffer> {
  const jpeg = await jpegIn(COLOR_SPACES['Display P3'], fourCorners(40, 30))
  const head = Buffer.concat([
    Buffer.from([0xff, 0xe2, 0, 0]),
    Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'),
  ])
  head.writeUInt16BE(head.length - 2 + profile.length, 2)
  return Buffer.concat([jpeg.subarray(0, 2), head, profile, jpeg.subarray(4 + jpeg.readUInt16BE(4))])
}

describe.each([
  ['sharp', sharpEngine],
  ['jimp', jimpEngine],
] as const)('%s', (_name, engine) => {
  test('converts from a profile with bytes after its end', async () => {
    const { variants, warnings } = await develop(engine, await jpegWith(longer), PRESET)
    expect(warnings).toEqual([])
    expectNear(await topLeftOf(variants[0]?.data), CORNERS.topLeft)
  })

  test('ignores a profile that is cut, with a warning', async () => {
    const stored = await topLeftOf(
      await sharp(await jpegWith(P3), { ignoreIcc: true })
        .png()
        .toBuffer(),
    )
    const { variants, warnings } = await develop(engine, await jpegWith(shorter), PRESET)
    expect(warnings).toEqual(['bad-color-profile'])
    expectNear(await topLeftOf(variants[0]?.data), stored)
  })

  test('ignores a cut profile of an AVIF', async () => {
    const avif = await avifWith(fourCorners(40, 30), iccColors(shorter))
    const { variants, warnings } = await develop(engine, avif, PRESET)
    expect(warnings).toEqual(['bad-color-profile'])
    expectNear(await topLeftOf(variants[0]?.data), CORNERS.topLeft)
  })

  test('reads the parts of a profile by their numbers', async () => {
    const jpeg = await jpegWith(P3)
    const parts = [P3.subarray(0, 1000), P3.subarray(1000)].map((part, i) => {
      const head = Buffer.from(`\xff\xe2\0\0ICC_PROFILE\0${String.fromCharCode(i + 1)}\x02`, 'latin1')
      head.writeUInt16BE(head.length - 2 + part.length, 2)
      return Buffer.concat([head, part])
    })
    const original = Buffer.concat([
      jpeg.subarray(0, 2),
      ...parts.toReversed(),
      jpeg.subarray(4 + jpeg.readUInt16BE(4)),
    ])
    const { variants, warnings } = await develop(engine, original, PRESET)
    expect(warnings).toEqual([])
    expectNear(await topLeftOf(variants[0]?.data), CORNERS.topLeft)
  })
})
