import { acceptedTypes } from '@darkroom/core'
import { gridHeif } from '@darkroom/testing/grid-heif'
import { describe, expect, test } from '@jest/globals'
import { C2PA_BOX } from './content-credentials.ts'
import { readTraits } from './formats.ts'
import { inspectImage, inspectStream } from './inspect-image.ts'
import { heicSample } from './testing/heic-samples.ts'

const withHeic = acceptedTypes('libheif')
const upright = await heicSample('upright')

async function* inChunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** The sample with other dimensions in its `ispe`: version and flags, width, height, 4 bytes each. */
function claiming(width: number, height: number): Buffer {
  const bytes = Buffer.from(upright)
  const at = bytes.indexOf('ispe')
  bytes.writeUInt32BE(width, at + 8)
  bytes.writeUInt32BE(height, at + 12)
  return bytes
}

describe('without a decoder', () => {
  test.each(['upright', 'rotated', 'display-p3'] as const)(
    'HEIC is refused with a text: %s',
    async (name) => {
      const refusal = {
        slug: 'unsupported-media-type',
        detail:
          "This file type isn't supported: HEIC. Export it as JPEG. Supported types: JPEG, PNG, WebP, GIF, AVIF.",
      }
      const bytes = await heicSample(name)
      await expect(inspectImage(bytes)).rejects.toMatchObject(refusal)
      await expect(inspectImage(bytes, acceptedTypes('none'))).rejects.toMatchObject(refusal)
      await expect(inspectStream(inChunks(bytes, 100))).rejects.toMatchObject(refusal)
    },
  )
})

describe('with a decoder', () => {
  test.each(['upright', 'display-p3', 'rotated'] as const)('HEIC is accepted: %s', async (name) => {
    const bytes = await heicSample(name)
    const found = await inspectImage(bytes, withHeic)
    expect([found.contentType, found.width * found.height]).toEqual(['image/heic', 96 * 64])
    expect(await inspectStream(inChunks(bytes, 100), withHeic)).toEqual(found)
  })

  test('Content Credentials are found in a uuid box, and not in any other', async () => {
    const manifest = Buffer.from('\0\0\0\0manifest', 'latin1')
    const withUuid = (uuid: Buffer) => {
      const box = Buffer.concat([Buffer.from('\0\0\0\0uuid', 'latin1'), uuid, manifest])
      box.writeUInt32BE(box.length)
      return Buffer.concat([upright, box])
    }
    expect(readTraits(upright).hasContentCredentials).toBeUndefined()
    expect(readTraits(withUuid(Buffer.alloc(16, 7))).hasContentCredentials).toBeUndefined()
    const signed = withUuid(C2PA_BOX)
    expect(readTraits(signed)).toMatchObject({ hasContentCredentials: true, end: signed.length })
    expect(await inspectImage(signed, withHeic)).toMatchObject({ contentType: 'image/heic' })
  })

  test('a truncated file is refused, at any length', async () => {
    for (let length = 32; length < upright.length; length += 7) {
      await expect(inspectImage(upright.subarray(0, length), withHeic)).rejects.toMatchObject({
        slug: 'corrupt-image',
      })
    }
  })

  test('a photograph of a 24-megapixel phone is within the limits, and a slightly larger one in one piece is not', async () => {
    expect(await inspectImage(claiming(5712, 4284), withHeic)).toMatchObject({ width: 5712 })
    await expect(inspectImage(claiming(6000, 4500), withHeic)).rejects.toMatchObject({
      slug: 'image-too-large',
      detail: expect.stringContaining('Decoding this HEIC takes about 405 MB of memory'),
    })
  })

  test('a photograph of 50 megapixels in tiles is within the limits, and a slightly larger one is not', async () => {
    const heic = gridHeif(upright, { columns: 85, rows: 96, width: 8160, height: 6120 })
    expect(await inspectImage(heic, withHeic)).toMatchObject({ width: 8160, height: 6120 })
    const larger = gridHeif(upright, { columns: 85, rows: 96, width: 8160, height: 6130 })
    await expect(inspectImage(larger, withHeic)).rejects.toMatchObject({
      slug: 'image-too-large',
      detail: expect.stringContaining('the limit for HEIC is 50 megapixels'),
    })
  })

  test('tiles with alpha, or as large as the picture, do not help', async () => {
    const grid = { columns: 85, rows: 96, width: 8160, height: 6120 }
    const alpha = Buffer.concat([
      Buffer.from([0, 0, 0, 39]),
      Buffer.from('auxC\0\0\0\0urn:mpeg:hevc:2015:auxid:1\0'),
    ])
    for (const heic of [
      gridHeif(upright, { ...grid, properties: [alpha] }),
      gridHeif(claiming(8000, 6000), { columns: 2, rows: 1, width: 8160, height: 6120 }),
    ]) {
      await expect(inspectImage(heic, withHeic)).rejects.toMatchObject({
        slug: 'image-too-large',
        detail: expect.stringContaining('of memory'),
      })
    }
  })

  test('10 bits per channel take more memory, so fewer pixels are accepted', async () => {
    const bytes = claiming(5712, 4284)
    bytes.writeUInt8(0xf8 | 2, bytes.indexOf('hvcC') + 4 + 17)
    await expect(inspectImage(bytes, withHeic)).rejects.toMatchObject({
      slug: 'image-too-large',
      detail: expect.stringContaining('Save it with 8 bits per channel'),
    })
  })

  test('a file with the general HEIF brand first is HEIC if another brand says so', async () => {
    const general = Buffer.from(upright)
    general.write('mif1', 8)
    general.write('heic', 16)
    expect(await inspectImage(general, withHeic)).toMatchObject({ contentType: 'image/heic', width: 96 })
  })

  test('other HEIF is refused, and HEIC is among the supported types', async () => {
    const other = Buffer.from(upright)
    const brands = other.subarray(8, other.readUInt32BE(0))
    for (let at = 8; at < brands.length; at += 4) brands.write('mif1', at)
    brands.write('mif1', 0)
    await expect(inspectImage(other, withHeic)).rejects.toMatchObject({
      slug: 'unsupported-media-type',
      detail:
        "This file type isn't supported: HEIF other than HEIC. Export it as JPEG. Supported types: JPEG, PNG, WebP, GIF, AVIF, HEIC.",
    })
  })
})
