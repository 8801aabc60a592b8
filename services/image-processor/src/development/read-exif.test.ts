import { photograph } from '@darkroom/testing/photographs'
import { describe, expect, test } from '@jest/globals'
import { fourCorners } from '../testing/test-images.ts'
import { readExif } from './read-exif.ts'

const CAMERA = { Make: ' ACME \u0000', Model: 'Pin  Hole' }
const TIME = { DateTimeOriginal: '2024:02:29 23:59:58' }
const GPS = {
  GPSLatitudeRef: 'N',
  GPSLatitude: '51/1 30/1 0/1',
  GPSLongitudeRef: 'W',
  GPSLongitude: '0/1 7/1 0/1',
}

describe('readExif', () => {
  test.each(['jpeg', 'png', 'webp', 'avif'] as const)('reads a %s', async (format) => {
    const original = await fourCorners(16, 16)
      .withExif({ IFD0: CAMERA, IFD2: { ...TIME, OffsetTimeOriginal: '+02:00' }, IFD3: GPS })
      .toFormat(format)
      .toBuffer()
    expect(readExif(original)).toEqual({
      takenAt: '2024-02-29T23:59:58+02:00',
      cameraMake: 'ACME',
      cameraModel: 'Pin Hole',
      orientation: 1,
      hadLocation: true,
    })
  })

  test('without a zone the time is the camera’s local time', async () => {
    const original = await fourCorners(16, 16).withExif({ IFD2: TIME }).jpeg().toBuffer()
    expect(readExif(original)).toEqual({ takenAt: '2024-02-29T23:59:58', orientation: 1, hadLocation: false })
  })

  test.each(['0000:00:00 00:00:00', '2023:02:29 12:00:00', '    :  :     :  :  ', '2024-02-29'])(
    'reads no time from "%s"',
    async (written) => {
      const original = await fourCorners(16, 16)
        .withExif({ IFD2: { DateTimeOriginal: written } })
        .jpeg()
        .toBuffer()
      expect(readExif(original).takenAt).toBeUndefined()
    },
  )

  test('reads the orientation', async () => {
    const original = await fourCorners(16, 16).withMetadata({ orientation: 6 }).jpeg().toBuffer()
    expect(readExif(original)).toEqual({ orientation: 6, hadLocation: false })
  })

  test('finds a location in XMP', async () => {
    const xmp = (content: string) =>
      `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
      `<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" ${content}/></rdf:RDF></x:xmpmeta>`
    const withXmp = (content: string) => fourCorners(16, 16).withXmp(xmp(content)).jpeg().toBuffer()
    expect(readExif(await withXmp('exif:GPSLatitude="51,30.5N"'))).toEqual({ hadLocation: true })
    expect(readExif(await withXmp('exif:GPSAltitude="4/1"'))).toEqual({ hadLocation: false })
  })

  test('returns nothing for an image without metadata, or for no image', async () => {
    expect(readExif(await fourCorners(16, 16).jpeg().toBuffer())).toEqual({ hadLocation: false })
    expect(readExif(await fourCorners(16, 16).gif().toBuffer())).toEqual({ hadLocation: false })
    expect(readExif(Buffer.from('no image'))).toEqual({ hadLocation: false })
    expect(readExif(Buffer.alloc(0))).toEqual({ hadLocation: false })
  })

  test('never throws, whatever the metadata', async () => {
    const original = await fourCorners(16, 16)
      .withExif({ IFD0: CAMERA, IFD2: TIME, IFD3: GPS })
      .jpeg()
      .toBuffer()
    const end = original.indexOf('Exif') + 400
    for (let i = 0; i < 400; i++) {
      const broken = Buffer.from(original)
      broken[end - i] = (broken[end - i] as number) ^ 0xff
      expect(typeof readExif(broken).hadLocation).toBe('boolean')
    }
  })

  test('reads from the middle of a larger buffer', async () => {
    const original = await fourCorners(16, 16).withMetadata({ orientation: 3 }).jpeg().toBuffer()
    const inTheMiddle = Buffer.concat([Buffer.alloc(100, 0xff), original]).subarray(100)
    expect(readExif(inTheMiddle)).toEqual({ orientation: 3, hadLocation: false })
  })

  test("reads a camera's JPEG", async () => {
    expect(readExif(await photograph('iphone-6-plus'))).toEqual({
      takenAt: '2016-03-24T14:49:51.308',
      cameraMake: 'Apple',
      cameraModel: 'iPhone 6 Plus',
      lens: 'iPhone 6 Plus back camera 4.15mm f/2.2',
      focalLengthMm: 4.15,
      exposureSeconds: 0.00101112,
      aperture: 2.2,
      iso: 32,
      flashFired: true,
      software: '9.3',
      orientation: 6,
      hadLocation: true,
    })
  })

  test("reads a camera's JPEG with a location", async () => {
    expect(readExif(await photograph('nokia-lumia-820'))).toEqual({
      takenAt: '2013-05-10T15:21:35',
      cameraMake: 'Nokia',
      cameraModel: 'Lumia 820',
      exposureSeconds: 0.003139,
      aperture: 2.2,
      iso: 100,
      flashFired: false,
      software: 'Windows Phone',
      orientation: 1,
      hadLocation: true,
    })
  })
})
