import { describe, expect, test } from '@jest/globals'
import { type ExifTags, exifBlock, jpegWith, jpegWithExif, xmpPacket } from '../testing/embedded-metadata.ts'
import { fourCorners } from '../testing/test-images.ts'
import { readExif } from './read-exif.ts'

const inExif = async (exif: ExifTags, ifd0: ExifTags = {}) => readExif(await jpegWithExif({ ifd0, exif }))
const inXmp = async (xmp: string) => readExif(await jpegWith([0xe1, 'http://ns.adobe.com/xap/1.0/\0', xmp]))

/** Tag numbers of Exif 2.32. */
const [EXPOSURE, F_NUMBER, ISO, SHUTTER_APEX, APERTURE_APEX, FLASH, FOCAL_LENGTH, LENS] = [
  ...[0x829a, 0x829d, 0x8827, 0x9201, 0x9202, 0x9209, 0x920a, 0xa434],
] as [number, number, number, number, number, number, number, number]
const RECOMMENDED_INDEX = 0x8832
const ISO_SPEED = 0x8833
const SOFTWARE = 0x0131

const SETTINGS = {
  lens: 'EF-S 18-55mm',
  focalLengthMm: 4.15,
  exposureSeconds: 0.004,
  aperture: 2.8,
  iso: 640,
  flashFired: true,
  software: 'ACME 1.0',
}

test('camera settings in EXIF', async () => {
  const exif = {
    [EXPOSURE]: [[1, 250]],
    [F_NUMBER]: [[28, 10]],
    [ISO]: 640,
    [FLASH]: 0x19,
    [FOCAL_LENGTH]: [[415, 100]],
    [LENS]: 'EF-S 18-55mm\0garbage',
  } satisfies ExifTags
  expect(await inExif(exif, { [SOFTWARE]: 'ACME 1.0\0' })).toEqual({ ...SETTINGS, hadLocation: false })
})

test.each(['png', 'webp', 'avif'] as const)('camera settings in EXIF of a %s', async (format) => {
  const original = await fourCorners(16, 16)
    .withExif({
      IFD0: { Software: 'ACME 1.0' },
      IFD2: {
        ...{ LensModel: 'EF-S 18-55mm', FocalLength: '415/100', ExposureTime: '1/250', FNumber: '28/10' },
        ...{ PhotographicSensitivity: '640', ISOSpeedRatings: '640', Flash: '25' },
      },
    })
    .toFormat(format)
    .toBuffer()
  expect(readExif(original)).toMatchObject(SETTINGS)
})

describe('in XMP', () => {
  test('as attributes', async () => {
    const xmp = xmpPacket(
      `aux:Lens='EF-S 18-55mm' exif:FocalLength="415/100" exif:ExposureTime="1/250" exif:FNumber="2.8" ` +
        'exifEX:PhotographicSensitivity="640" exif:Fired="True" xmp:CreatorTool="ACME 1.0"',
    )
    expect(await inXmp(xmp)).toEqual({ ...SETTINGS, hadLocation: false })
  })

  test('as elements and lists', async () => {
    const elements = {
      'exifEX:LensModel': 'EF-S 18-55mm',
      'exif:FocalLength': '415/100',
      'exif:ExposureTime': '1/250',
      'exif:FNumber': '28/10',
      'exif:ISOSpeedRatings': '\n <rdf:Seq>\n <rdf:li>640</rdf:li></rdf:Seq>',
      'exif:Flash': '<rdf:Description><exif:Fired>True</exif:Fired></rdf:Description>',
      'xap:CreatorTool': 'ACME 1.0',
    }
    const xmp = Object.entries(elements).map(([name, value]) => `<${name}>${value}</${name}>`)
    expect(await inXmp(xmp.join('\n'))).toEqual({ ...SETTINGS, hadLocation: false })
  })

  test.each([
    ['numbers of letters', xmpPacket('tiff:Model="Caf&#xE9; &#38;amp; &amp;#65;"'), 'Café &amp; &#65;'],
    ['CDATA', '<tiff:Model><![CDATA[A & <B>]]></tiff:Model>', 'A & <B>'],
    ['a comment before it', '<!-- <tiff:Model>No</tiff:Model> --><tiff:Model>Yes</tiff:Model>', 'Yes'],
    ['another prefix', xmpPacket('xmlns:t="http://ns.adobe.com/tiff/1.0/" t:Model="Yes"'), 'Yes'],
    ['a number that is no letter', xmpPacket('tiff:Model="&#x110000; &#;"'), '&#x110000; &#;'],
    ['half of a surrogate pair', xmpPacket('tiff:Model="A&#xD800;B"'), 'A\ufffdB'],
    ['a pair at the limit', xmpPacket(`tiff:Model="${'x'.repeat(99)}&#128512;"`), 'x'.repeat(99)],
  ])('with %s', async (_what, xmp, cameraModel) => {
    expect(await inXmp(xmp)).toEqual({ cameraModel, hadLocation: false })
  })

  test.each(['utf16le', 'utf-16be'])('in %s', async (encoding) => {
    const text = Buffer.from(xmpPacket('tiff:Model="Café €"'), 'utf16le')
    const xmp = encoding === 'utf16le' ? text : text.swap16()
    const jpeg = await jpegWith([0xe1, 'http://ns.adobe.com/xap/1.0/\0', xmp])
    expect(readExif(jpeg)).toEqual({ cameraModel: 'Café €', hadLocation: false })
  })

  test('a megabyte of starts without an end is read once', async () => {
    const xmp = '<!--<![CDATA[xmlns:a="'.repeat(2900)
    const jpeg = await jpegWith(
      ...Array.from(
        { length: 16 },
        () => [0xe1, 'http://ns.adobe.com/xap/1.0/\0', xmp] as [number, string, string],
      ),
    )
    expect(readExif(jpeg)).toEqual({ hadLocation: false })
  })

  test('EXIF comes first', async () => {
    const exif = exifBlock({ ifd0: { [SOFTWARE]: 'ACME 1.0' }, exif: { [ISO]: 640 } })
    const xmp = xmpPacket('exif:ISOSpeedRatings="100" xmp:CreatorTool="Other"')
    const jpeg = await jpegWith([0xe1, 'Exif\0\0', exif], [0xe1, 'http://ns.adobe.com/xap/1.0/\0', xmp])
    expect(readExif(jpeg)).toMatchObject({ iso: 640, software: 'ACME 1.0' })
  })
})

describe('values that stand for others', () => {
  test('exposure and aperture as logarithms', async () => {
    const exif = { [SHUTTER_APEX]: [[7, 1]], [APERTURE_APEX]: [[6, 1]] } satisfies ExifTags
    expect(await inExif(exif)).toMatchObject({ exposureSeconds: 0.0078125, aperture: 8 })
  })

  test('a sensitivity of more than 16 bits', async () => {
    expect(await inExif({ [ISO]: 65_535 })).toMatchObject({ iso: 65_535 })
    const index = exifBlock({ exif: { [ISO]: 65_535, [RECOMMENDED_INDEX]: 32_000 } })
    expect(readExif(await jpegWith([0xe1, 'Exif\0\0', index]))).toMatchObject({ iso: 32_000 })
  })

  test('a sensitivity of all ones is unknown', async () => {
    const exif = exifBlock({ exif: { [ISO_SPEED]: 1 } })
    const at = exif.indexOf(Buffer.from([0x33, 0x88]))
    exif.writeUInt16LE(4, at + 2) // LONG
    exif.writeUInt32LE(0xffffffff, at + 8)
    expect(readExif(await jpegWith([0xe1, 'Exif\0\0', exif])).iso).toBeUndefined()
  })

  test('a list of sensitivities', async () => {
    const list = exifBlock({ exif: { [ISO]: Buffer.from([64, 1, 64, 1]) } })
    list.writeUInt16LE(3, list.indexOf(Buffer.from([0x27, 0x88])) + 2)
    list.writeUInt32LE(2, list.indexOf(Buffer.from([0x27, 0x88])) + 4)
    expect(readExif(await jpegWith([0xe1, 'Exif\0\0', list]))).toMatchObject({ iso: 320 })
  })

  test('a flash that did not fire, although it was switched on', async () => {
    expect(await inExif({ [FLASH]: 0x08 })).toMatchObject({ flashFired: false })
  })
})

test.each<[string, ExifTags]>([
  ['zeros', { [EXPOSURE]: [[0, 1]], [F_NUMBER]: [[0, 10]], [FOCAL_LENGTH]: [[0, 1]], [ISO]: 0 }],
  ['fractions of zero', { [EXPOSURE]: [[1, 0]], [F_NUMBER]: [[0, 0]], [FOCAL_LENGTH]: [[5, 0]] }],
  ['texts', { [EXPOSURE]: '1/250\0', [F_NUMBER]: 'f/2.8\0', [ISO]: 'auto\0', [FLASH]: 'on\0' }],
  ['impossible logarithms', { [SHUTTER_APEX]: [[4_000_000_000, 1]], [APERTURE_APEX]: [[900, 1]] }],
  ['blanks', { [LENS]: '          \0' }],
])('%s are no values', async (_what, exif) => {
  expect(await inExif(exif)).toEqual({ hadLocation: false })
})

test.each(['exif:FNumber="2,8"', 'exif:FNumber="8/0"', 'exif:FNumber=""', 'exif:FNumber="-2"'])(
  'XMP with %s has no aperture',
  async (content) => {
    expect(await inXmp(xmpPacket(content))).toEqual({ hadLocation: false })
  },
)
