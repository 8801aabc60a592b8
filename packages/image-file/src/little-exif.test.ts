import { CAMERA_PHOTOGRAPHS, photograph } from '@darkroom/testing/photographs'
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { readTraits } from './formats.ts'
import { headerOfJpeg, withLittleExif } from './readers/jpeg.ts'

const shorten = (jpeg: Buffer) => Buffer.from(withLittleExif(jpeg, readTraits(jpeg)))
const small = sharp(
  await sharp(await photograph('sony-a6000'))
    .resize(64)
    .png()
    .toBuffer(),
)
const turned = (orientation: number) => small.clone().withMetadata({ orientation }).jpeg().toBuffer()

/** The same EXIF in big-endian order, with its directory behind it and an entry before the orientation. */
async function bigEndian(orientation: number): Promise<Buffer> {
  const exif = Buffer.from('Exif\0\0MM\0*\0\0\0\x0e______\0\x02', 'latin1')
  const entries = Buffer.from([
    1,
    0,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    9,
    0,
    0,
    1,
    18,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
  ])
  const payload = Buffer.concat([exif, entries, Buffer.alloc(4)])
  const jpeg = await small.clone().jpeg().toBuffer()
  const segment = Buffer.from([0xff, 0xe1, 0, 2 + payload.length])
  return Buffer.concat([jpeg.subarray(0, 2), segment, payload, jpeg.subarray(2)])
}

describe('withLittleExif', () => {
  test.each(CAMERA_PHOTOGRAPHS)(
    '%s: the same pixels and orientation, and less than 50 bytes of EXIF',
    async (name) => {
      const data = await sharp(await photograph(name))
        .resize(300)
        .keepMetadata()
        .jpeg()
        .toBuffer()
      const shortened = shorten(data)
      const [before, after] = [await sharp(data).metadata(), await sharp(shortened).metadata()]
      expect(before.exif?.length).toBeGreaterThan(200)
      expect(after.exif?.length).toBeLessThan(50)
      expect(after.orientation).toBe(before.orientation)
      expect(after.icc).toEqual(before.icc)
      const upright = (jpeg: Buffer) => sharp(jpeg).autoOrient().raw().toBuffer()
      expect((await upright(shortened)).equals(await upright(data))).toBe(true)
    },
  )

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('orientation %i in both byte orders', async (orientation) => {
    for (const jpeg of [await turned(orientation), await bigEndian(orientation)]) {
      const shortened = shorten(jpeg)
      expect(shortened.length).toBeLessThan(jpeg.length)
      expect((await sharp(shortened).metadata()).orientation).toBe(orientation)
    }
  })

  test('a damaged block stays as it is', async () => {
    const jpeg = await turned(6)
    const tiff = jpeg.indexOf('Exif') + 6
    jpeg.writeUInt32LE(0xffff, tiff + 4)
    expect(shorten(jpeg)).toEqual(jpeg)
  })

  test('two blocks stay as they are', async () => {
    const jpeg = await bigEndian(6)
    const segment = jpeg.subarray(2, 4 + jpeg.readUInt16BE(4))
    const twice = Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
    expect(shorten(twice)).toEqual(twice)
  })

  test('a large file is not copied', async () => {
    const jpeg = Buffer.concat([await turned(6), Buffer.alloc(1024 * 1024)])
    expect(withLittleExif(jpeg, readTraits(jpeg))).toBe(jpeg)
  })
})

describe('headerOfJpeg', () => {
  const headerOf = (jpeg: Buffer) => headerOfJpeg(jpeg, readTraits(jpeg))

  /** Of what the decoder gets. */
  async function expectAsLibvips(jpeg: Buffer): Promise<void> {
    const { width, height, orientation = 1, space } = await sharp(shorten(jpeg)).metadata()
    expect(headerOf(jpeg)).toEqual({ width, height, orientation, isGrey: space === 'b-w' })
  }

  test.each(CAMERA_PHOTOGRAPHS)('%s, made smaller: as libvips says', async (name) => {
    const resized = sharp(await photograph(name))
      .resize(300)
      .keepMetadata()
    await expectAsLibvips(await resized.jpeg().toBuffer())
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('orientation %i in both byte orders', async (orientation) => {
    for (const jpeg of [await turned(orientation), await bigEndian(orientation)]) {
      await expectAsLibvips(jpeg)
      expect(headerOf(jpeg)?.orientation).toBe(orientation)
    }
  })

  test('progressive, grey, without EXIF', async () => {
    await expectAsLibvips(await small.clone().jpeg({ progressive: true }).toBuffer())
    await expectAsLibvips(await small.clone().toColorspace('b-w').jpeg().toBuffer())
    await expectAsLibvips(await small.clone().jpeg().toBuffer())
  })

  test('nothing where decoders may differ', async () => {
    const jpeg = await turned(6)
    const exif = jpeg.indexOf('Exif')
    const tiff = exif + 6
    const changed = (change: (copy: Buffer) => void) => {
      const copy = Buffer.from(jpeg)
      change(copy)
      return copy
    }
    const orientation = jpeg.indexOf(Buffer.from([0x12, 0x01, 3, 0, 1, 0, 0, 0]), tiff)
    expect(orientation).toBeGreaterThan(tiff)
    expect(headerOf(changed((copy) => copy.writeUInt32LE(0xffff, tiff + 4)))).toBeUndefined()
    expect(headerOf(changed((copy) => copy.writeUInt16LE(4, orientation + 2)))).toBeUndefined()
    expect(headerOf(changed((copy) => copy.writeUInt32LE(2, orientation + 4)))).toBeUndefined()
    expect(headerOf(changed((copy) => copy.writeUInt16LE(0, orientation + 8)))).toBeUndefined()
    const segment = jpeg.subarray(exif - 4, exif - 2 + jpeg.readUInt16BE(exif - 2))
    const twice = Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
    expect(headerOf(twice)).toBeUndefined()
    const stray = Buffer.concat([jpeg.subarray(0, 2), Buffer.from('stray'), jpeg.subarray(2)])
    expect(headerOf(stray)).toBeUndefined()
    expect(headerOf(jpeg.subarray(0, -2))).toBeUndefined()
    expect(headerOf(Buffer.concat([jpeg, Buffer.alloc(1024 * 1024)]))).toBeUndefined()
    expect(headerOf(await small.clone().toColorspace('cmyk').jpeg().toBuffer())).toBeUndefined()
  })
})
