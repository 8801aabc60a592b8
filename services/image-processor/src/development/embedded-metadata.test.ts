import { deflateSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import {
  exifBlock,
  GPS,
  gifWithXmp,
  jpegWith,
  jpegWithExif,
  photoshopResource,
  pngWith,
  rawProfile,
  xmpPacket,
} from '../testing/embedded-metadata.ts'
import { fourCorners } from '../testing/test-images.ts'
import { readExif } from './read-exif.ts'

const XMP_PREFIX = 'http://ns.adobe.com/xap/1.0/\0'
const location = exifBlock({ gps: GPS })
const packet = xmpPacket('exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,17.7E"')
const MAKE = exifBlock({ ifd0: { 271: 'ACME\0' } })

describe('a location is found', () => {
  const degrees = Buffer.from('0100000001000000'.repeat(3), 'hex')
  const places: Record<string, () => Promise<Buffer>> = {
    'in EXIF': () => jpegWithExif({ gps: GPS }),
    'as a destination': () => jpegWithExif({ gps: { 19: 'N\0', 20: [[48, 1]] } }),
    'as the name of an area': () => jpegWithExif({ gps: { 28: Buffer.from('ASCII\0\0\0Home') } }),
    'in a second EXIF segment': () => jpegWith([0xe1, 'Exif\0\0', MAKE], [0xe1, 'Exif\0\0', location]),
    'in EXIF of two segments': () =>
      jpegWith(
        [0xe1, 'Exif\0\0', location.subarray(0, 30)],
        [0xe1, 'Exif\0\0', location.subarray(30), degrees],
      ),
    'in XMP': () => jpegWith([0xe1, XMP_PREFIX, packet]),
    'in XMP as elements': () => jpegWith([0xe1, XMP_PREFIX, '<exif:GPSLatitude>48,51.5N</exif:GPSLatitude>']),
    'in XMP of 16-bit characters': () => jpegWith([0xe1, XMP_PREFIX, Buffer.from(packet, 'utf16le')]),
    'in extended XMP': () =>
      jpegWith(
        [0xe1, XMP_PREFIX, xmpPacket('')],
        [0xe1, 'http://ns.adobe.com/xmp/extension/\0', 'F'.repeat(32), Buffer.alloc(8), packet],
      ),
    "in Photoshop's EXIF": () =>
      jpegWith([
        0xed,
        'Photoshop 3.0\0',
        photoshopResource(1005, Buffer.alloc(15)),
        photoshopResource(1058, location),
      ]),
    "in Photoshop's XMP": () =>
      jpegWith([0xed, 'Photoshop 3.0\0', photoshopResource(1060, Buffer.from(packet))]),
    'in eXIf': () => pngWith('eXIf', location),
    'in iTXt': () => pngWith('iTXt', 'XML:com.adobe.xmp\0\0\0\0\0', packet),
    'in compressed iTXt': () => pngWith('iTXt', 'XML:com.adobe.xmp\0\x01\0\0\0', deflateSync(packet)),
    'in a raw profile of EXIF': () =>
      pngWith('zTXt', 'Raw profile type exif\0\0', rawProfile('exif', location)),
    'in a raw profile of APP1': () =>
      pngWith(
        'zTXt',
        'Raw profile type APP1\0\0',
        rawProfile('generic profile', Buffer.concat([Buffer.from('Exif\0\0'), location])),
      ),
    'in a raw profile of XMP': () =>
      pngWith('zTXt', 'Raw profile type xmp\0\0', rawProfile('xmp', Buffer.from(packet))),
    'in a GIF': () => gifWithXmp(packet),
    'in EXIF of a WebP': () => withLocation().webp().toBuffer(),
    'in XMP of a WebP': () => fourCorners(16, 16).withXmp(packet).webp().toBuffer(),
    'in XMP of a WebP whose chunk ends with a zero': async () => {
      const webp = await fourCorners(16, 16).withXmp(packet).webp().toBuffer()
      webp.write('XMP\0', webp.indexOf('XMP '), 'latin1')
      return webp
    },
    'in EXIF of an AVIF': () => withLocation().avif({ effort: 0 }).toBuffer(),
    'in XMP of an AVIF': () => fourCorners(16, 16).withXmp(packet).avif({ effort: 0 }).toBuffer(),
    'in an AVIF whose data extends to the end of the file': async () => {
      const avif = await withLocation().avif({ effort: 0 }).toBuffer()
      avif.writeUInt32BE(0, avif.lastIndexOf('mdat') - 4)
      return avif
    },
  }
  const withLocation = () =>
    fourCorners(16, 16).withExif({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })

  test.each(Object.entries(places))('%s', async (_where, make) => {
    expect(readExif(await make()).hadLocation).toBe(true)
  })

  test.each([
    ['an altitude', () => jpegWithExif({ gps: { 5: Buffer.from([0]), 6: [[120, 1]] } })],
    ['an empty value in XMP', () => jpegWith([0xe1, XMP_PREFIX, xmpPacket('exif:GPSLatitude=""')])],
    ['the name of a city in XMP', () => jpegWith([0xe1, XMP_PREFIX, xmpPacket('photoshop:City="Paris"')])],
  ])('but not in %s', async (_what, make) => {
    expect(readExif(await make()).hadLocation).toBe(false)
  })
})

test('a text ends at its first NUL, whatever the camera left behind it', async () => {
  const original = await jpegWithExif({ ifd0: { 271: 'ACME', 272: 'MODEL7\0garbage 3ghx' } })
  expect(readExif(original)).toMatchObject({ cameraMake: 'ACME', cameraModel: 'MODEL7' })
})

test('what the first EXIF block lacks is taken from a second one, except the orientation', async () => {
  const second = exifBlock({ ifd0: { 271: 'OTHER\0', 272: 'Pinhole\0', 274: 6 } })
  const original = await jpegWith([0xe1, 'Exif\0\0', MAKE], [0xe1, 'Exif\0\0', second])
  expect(readExif(original)).toEqual({ cameraMake: 'ACME', cameraModel: 'Pinhole', hadLocation: false })
})

describe('takenAt', () => {
  const [ORIGINAL, DIGITIZED, CHANGED] = [0x9003, 0x9004, 0x0132]
  const exif = (tags: Record<number, string>) => () => jpegWithExif({ exif: tags })
  const xmp = (content: string) => () => jpegWith([0xe1, XMP_PREFIX, xmpPacket(content)])
  const local = '2024-05-01T12:34:56'

  test.each<[string, () => Promise<Buffer>, string | undefined]>([
    [
      'with sub-seconds and offset',
      exif({ [ORIGINAL]: '2024:05:01 12:34:56\0', 37521: '789\0', 36881: '+02:00\0' }),
      `${local}.789+02:00`,
    ],
    [
      'its offset from OffsetTime',
      exif({ [ORIGINAL]: '2024:05:01 12:34:56', 36880: '+02:00' }),
      `${local}+02:00`,
    ],
    ['with Z', exif({ [ORIGINAL]: '2024:05:01 12:34:56', 36881: 'Z' }), `${local}+00:00`],
    [
      'with an offset of −09:30',
      exif({ [ORIGINAL]: '2024:05:01 12:34:56', 36881: '-0930' }),
      `${local}-09:30`,
    ],
    ['without an impossible offset', exif({ [ORIGINAL]: '2024:05:01 12:34:56', 36881: '+99:99' }), local],
    [
      'without an offset beyond 14 hours',
      exif({ [ORIGINAL]: '2024:05:01 12:34:56', 36881: '+14:30' }),
      local,
    ],
    ['from DateTimeDigitized', exif({ [DIGITIZED]: '2024:05:01 12:34:56', 37522: '7 \0' }), `${local}.7`],
    ['from the main DateTime', () => jpegWithExif({ ifd0: { [CHANGED]: '2024:05:01 12:34:56' } }), local],
    [
      'from the first time that is one',
      exif({ [ORIGINAL]: '0000:00:00 00:00:00', [DIGITIZED]: '2024:05:01 12:34:56' }),
      local,
    ],
    ['with dashes', exif({ [ORIGINAL]: '2024-05-01 12:34:56' }), local],
    ['with slashes and a T', exif({ [ORIGINAL]: '2024/05/01T12:34:56' }), local],
    ['without seconds', exif({ [ORIGINAL]: '2024:05:01 12:34' }), '2024-05-01T12:34:00'],
    ['with single digits', exif({ [ORIGINAL]: '2024:5:1 2:04:05' }), '2024-05-01T02:04:05'],
    ['with everything in one text', exif({ [ORIGINAL]: '2024-05-01T12:34:56.5+02:00' }), `${local}.5+02:00`],
    ['from exif: in XMP', xmp('exif:DateTimeOriginal="2024-05-01T12:34:56+02:00"'), `${local}+02:00`],
    ['from photoshop: in XMP', xmp('photoshop:DateCreated="2024-05-01T12:34:56"'), local],
    [
      "from a PNG's text",
      () => pngWith('tEXt', 'Creation Time\0Wed, 01 May 2024 12:34:56 GMT'),
      `${local}+00:00`,
    ],
    [
      "from a PNG's text without a comma",
      () => pngWith('tEXt', 'Creation Time\0Wed 1 May 2024 12:34:56 -0600'),
      `${local}-06:00`,
    ],
    [
      'of UTC in an unknown place',
      () => pngWith('tEXt', 'Creation Time\0Wed, 1 May 2024 12:34:56 -0000'),
      `${local}+00:00`,
    ],
    ["from a PNG's text in ISO 8601", () => pngWith('tEXt', 'Creation Time\x002024-05-01T12:34:56'), local],
    ['of the first photograph', exif({ [ORIGINAL]: '1826:01:01 00:00:00' }), '1826-01-01T00:00:00'],
    ['none before it', exif({ [ORIGINAL]: '1825:12:31 23:59:59' }), undefined],
    ['none of the year 0', exif({ [ORIGINAL]: '0000:01:01 00:00:00' }), undefined],
    ['none of the year 9999', exif({ [ORIGINAL]: '9999:12:31 23:59:59' }), undefined],
    ['none of 30 February', exif({ [ORIGINAL]: '2024:02:30 12:00:00' }), undefined],
    ['none of blanks', exif({ [ORIGINAL]: '    :  :     :  :  ' }), undefined],
    ['none of a date alone', exif({ [ORIGINAL]: '2024:05:01' }), undefined],
  ])('%s', async (_what, make, expected) => {
    expect(readExif(await make()).takenAt).toBe(expected)
  })

  test.each([
    [23, true],
    [25, false],
  ])('%i hours from now: %s', async (hours, isTaken) => {
    const time = new Date(Date.now() + hours * 60 * 60 * 1000).toISOString().slice(0, 19)
    expect(readExif(await exif({ [ORIGINAL]: time.replace('T', ' ') })()).takenAt).toBe(
      isTaken ? time : undefined,
    )
  })
})
