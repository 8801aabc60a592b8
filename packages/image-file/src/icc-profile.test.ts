import { photograph } from '@darkroom/testing/photographs'
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { isSoundProfile, isSrgbProfile } from './icc-profile.ts'

async function profileOf(image: Buffer): Promise<Buffer> {
  return (await sharp(image).metadata()).icc as Buffer
}

function create(profile: string): Promise<Buffer> {
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: '#c84' } })
  return picture.withIccProfile(profile).jpeg().toBuffer().then(profileOf)
}

describe('isSrgbProfile', () => {
  test('sRGB with a parametric curve', async () => {
    expect(isSrgbProfile(await create('srgb'))).toBe(true)
  })

  test.each(['nikon-d100', 'nikon-e4600'] as const)('sRGB with a sampled curve, from %s', async (name) => {
    expect(isSrgbProfile(await profileOf(await photograph(name)))).toBe(true)
  })

  test('a sampled curve', async () => {
    expect(isSrgbProfile(withCurve(await create('srgb'), (x) => ((x + 0.055) / 1.055) ** 2.4))).toBe(true)
    expect(isSrgbProfile(withCurve(await create('srgb'), (x) => x ** 2.2))).toBe(false)
  })

  test('Display P3 is not sRGB', async () => {
    expect(isSrgbProfile(await create('p3'))).toBe(false)
  })

  test('an unreadable profile is not sRGB', async () => {
    const profile = await create('srgb')
    for (const length of [0, 100, 131, 140, 300])
      expect(isSrgbProfile(profile.subarray(0, length))).toBe(false)
    expect(isSrgbProfile(Buffer.alloc(4096, 0xff))).toBe(false)
  })
})

describe('isSoundProfile', () => {
  test.each(['srgb', 'p3', 'cmyk'])('%s', async (name) => {
    expect(isSoundProfile(await create(name))).toBe(true)
  })

  test('with bytes after its end', async () => {
    expect(isSoundProfile(Buffer.concat([await create('p3'), Buffer.alloc(3)]))).toBe(true)
  })

  test.each<[string, (profile: Buffer) => unknown]>([
    ['longer than it is', (profile) => profile.writeUInt32BE(profile.length + 1)],
    ['no end', (profile) => profile.writeUInt32BE(0)],
    ['a tag after its end', (profile) => profile.writeUInt32BE(profile.length, 132 + 4)],
    ['no tags', (profile) => profile.writeUInt32BE(0, 128)],
    ['more tags than it has room for', (profile) => profile.writeUInt32BE(90, 128)],
    ['a device link', (profile) => profile.write('link', 12)],
    ['an unknown connection space', (profile) => profile.write('RGB ', 20)],
    ['a grey one without a curve', (profile) => profile.write('GRAY', 16)],
    ['no signature', (profile) => profile.write('----', 36)],
    [
      'a curve of an unknown type',
      (profile) => profile.fill(0, profile.readUInt32BE(profile.indexOf('rTRC') + 4)),
    ],
  ])('not with %s', async (_what, damage) => {
    const profile = Buffer.from(await create('p3'))
    damage(profile)
    expect(isSoundProfile(profile)).toBe(false)
  })

  test('not cut', async () => {
    const profile = await create('p3')
    for (const length of [0, 2, 100, 131, 140, 300])
      expect(isSoundProfile(profile.subarray(0, length))).toBe(false)
  })
})

/** Appends a sampled red curve to the profile, and points the profile's tag to it. */
function withCurve(profile: Buffer, curve: (signal: number) => number): Buffer {
  const tag = Buffer.alloc(12 + 64 * 2)
  tag.write('curv', 'latin1')
  tag.writeUInt32BE(64, 8)
  for (let i = 0; i < 64; i++)
    tag.writeUInt16BE(Math.round(65535 * linearNearBlack(curve, i / 63)), 12 + 2 * i)
  const changed = Buffer.concat([profile, tag])
  const entry = changed.indexOf('rTRC', 128, 'latin1')
  changed.writeUInt32BE(profile.length, entry + 4)
  changed.writeUInt32BE(tag.length, entry + 8)
  return changed
}

function linearNearBlack(curve: (signal: number) => number, signal: number): number {
  return signal <= 0.04045 ? signal / 12.92 : curve(signal)
}
