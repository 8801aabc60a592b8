/** Compares the reader with ExifTool, which comes from npm and needs Perl. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runExifTool } from '@darkroom/testing/exiftool'
import { describeWith, EXIFTOOL } from '@darkroom/testing/needs'
import { CAMERA_PHOTOGRAPHS, photograph } from '@darkroom/testing/photographs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { fourCorners } from '../testing/test-images.ts'
import { type Exif, readExif } from './read-exif.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exiftool-'))
})
afterAll(() => rm(folder, { recursive: true }))

const TAGS = [
  'EXIF:Orientation',
  'EXIF:DateTimeOriginal',
  'EXIF:SubSecTimeOriginal',
  'EXIF:OffsetTimeOriginal',
]
/** In EXIF, otherwise in XMP. */
const TEXTS = { cameraMake: 'Make', cameraModel: 'Model', lens: 'LensModel' } as const
const NUMBERS = {
  focalLengthMm: 'FocalLength',
  exposureSeconds: 'ExposureTime',
  aperture: 'FNumber',
  iso: 'ISO',
} as const
const ELSEWHERE = ['EXIF:Flash', 'XMP:FlashFired', 'EXIF:Software', 'XMP:CreatorTool']
const EVERYWHERE = [...Object.values(TEXTS), ...Object.values(NUMBERS)].flatMap((tag) => [
  `EXIF:${tag}`,
  `XMP:${tag}`,
])
const LOCATIONS = ['EXIF:GPSLatitude', 'XMP:GPSLatitude']

/** ExifTool's values of all files, in the format of `readExif`, by file. One run, because Perl takes a second to start. */
async function readByExifTool(files: string[]): Promise<Map<string, Exif>> {
  const args = [
    '-json',
    '-n',
    '-G',
    ...[...TAGS, ...EVERYWHERE, ...ELSEWHERE, ...LOCATIONS].map((tag) => `-${tag}`),
    ...files,
  ]
  const found: Record<string, unknown>[] = JSON.parse(await runExifTool(...args))
  return new Map(found.map((tags) => [String(tags.SourceFile), toExif(tags)]))
}

function toExif(found: Record<string, unknown>): Exif {
  const [orientation, time, fraction, zone] = TAGS.map((tag) => found[tag])
  const exif: Exif = { hadLocation: LOCATIONS.some((tag) => found[tag] !== undefined) }
  const read = (tag: string) => found[`EXIF:${tag}`] ?? found[`XMP:${tag}`]
  for (const [key, tag] of Object.entries(TEXTS)) {
    if (read(tag)) exif[key as keyof typeof TEXTS] = normalize(read(tag))
  }
  for (const [key, tag] of Object.entries(NUMBERS)) {
    if (Number(read(tag)) > 0) exif[key as keyof typeof NUMBERS] = Number(Number(read(tag)).toPrecision(6))
  }
  const [flash, flashInXmp, software, creatorTool] = ELSEWHERE.map((tag) => found[tag])
  if (flash !== undefined) exif.flashFired = Number(flash) % 2 === 1
  else if (flashInXmp !== undefined) exif.flashFired = /true/i.test(String(flashInXmp))
  if (software ?? creatorTool) exif.software = normalize(software ?? creatorTool)
  if (orientation) exif.orientation = Number(orientation)
  if (time) {
    const seconds = normalize(time).replace(/^(\d+):(\d+):(\d+) /, '$1-$2-$3T')
    exif.takenAt = seconds + (fraction === undefined ? '' : `.${fraction}`) + (zone ?? '')
  }
  return exif
}

const normalize = (value: unknown) => String(value).replace(/\s+/g, ' ').trim()

describeWith(EXIFTOOL, 'ExifTool agrees', () => {
  const WRITTEN: [string, string[], Partial<Exif>][] = [
    [
      'big-endian',
      ['-ExifByteOrder=MM', '-EXIF:Make=ACME', '-Orientation#=8'],
      { cameraMake: 'ACME', orientation: 8 },
    ],
    [
      'little-endian',
      ['-ExifByteOrder=II', '-EXIF:Model=Pinhole', '-Orientation#=3'],
      { cameraModel: 'Pinhole' },
    ],
    [
      'a name with non-ASCII letters',
      ['-EXIF:Make=Фотон', '-EXIF:Model=Ü 1'],
      { cameraMake: 'Фотон', cameraModel: 'Ü 1' },
    ],
    [
      'spaces around',
      ['-EXIF:Make=  ACME  ', '-EXIF:Model=Pin   Hole '],
      { cameraMake: 'ACME', cameraModel: 'Pin Hole' },
    ],
    [
      'a time with a zone',
      ['-DateTimeOriginal=2024:02:29 23:59:58', '-OffsetTimeOriginal=+05:45', '-SubSecTimeOriginal=123'],
      { takenAt: '2024-02-29T23:59:58.123+05:45' },
    ],
    ['a time west of Greenwich', ['-DateTimeOriginal=1999:12:31 00:00:00', '-OffsetTimeOriginal=-03:30'], {}],
    [
      'a location',
      ['-GPSLatitude=51.5', '-GPSLatitudeRef=N', '-GPSLongitude=0.1', '-GPSLongitudeRef=W'],
      { hadLocation: true },
    ],
    [
      'a location on the equator',
      ['-GPSLatitude=0', '-GPSLatitudeRef=N', '-GPSLongitude=0', '-GPSLongitudeRef=E'],
      { hadLocation: true },
    ],
    ['a location in XMP only', ['-XMP:GPSLatitude=-33.9', '-XMP:GPSLongitude=18.4'], { hadLocation: true }],
    ['an altitude and no location', ['-GPSAltitude=12', '-GPSAltitudeRef=0'], { hadLocation: false }],
    [
      'camera settings',
      [
        ...['-EXIF:LensModel=XF35mmF1.4 R', '-EXIF:FocalLength=35', '-EXIF:ExposureTime=1/250'],
        ...['-EXIF:FNumber=2.8', '-EXIF:ISO=640', '-EXIF:Flash#=25', '-EXIF:Software=ACME Studio'],
      ],
      {
        ...{ lens: 'XF35mmF1.4 R', focalLengthMm: 35, exposureSeconds: 0.004, aperture: 2.8, iso: 640 },
        ...{ flashFired: true, software: 'ACME Studio' },
      },
    ],
    [
      'camera settings in XMP only',
      [
        ...['-XMP-tiff:Make=ACME', '-XMP-tiff:Model=Größe & Co <1>', '-XMP-exifEX:LensModel=50mm "f/1.8"'],
        ...['-XMP-exif:FocalLength=50', '-XMP-exif:ExposureTime=2.5', '-XMP-exif:FNumber=11'],
        ...['-XMP-exif:ISO=3200', '-XMP-exif:FlashFired=False', '-XMP-xmp:CreatorTool=ACME Studio'],
      ],
      {
        ...{ cameraModel: 'Größe & Co <1>', lens: '50mm "f/1.8"', focalLengthMm: 50, exposureSeconds: 2.5 },
        ...{ aperture: 11, iso: 3200, flashFired: false, software: 'ACME Studio' },
      },
    ],
    [
      'long values',
      ['-EXIF:Make=ACME', '-UserComment=x'.padEnd(30_000, 'x'), '-Copyright=me', '-ISO=100'],
      { cameraMake: 'ACME' },
    ],
  ]
  const PHOTOGRAPHS = [...CAMERA_PHOTOGRAPHS, 'earth-by-day'] as const
  const KINDS = ['jpeg', 'png', 'webp'] as const
  const CASES = WRITTEN.flatMap((row) => KINDS.map((kind) => [kind, ...row] as const))

  const photographFile = (name: string) => join(folder, name)
  const writtenFile = (kind: string, title: string) => join(folder, `${title}.${kind}`)
  let byExifTool: Map<string, Exif>
  beforeAll(async () => {
    for (const name of PHOTOGRAPHS) await writeFile(photographFile(name), await photograph(name))
    for (const [kind, title] of CASES) {
      await writeFile(writtenFile(kind, title), await fourCorners(32, 24).toFormat(kind).toBuffer())
    }
    await runExifTool(
      ...CASES.flatMap(([kind, title, tags]) => [...tags, writtenFile(kind, title), '-execute']),
      '-common_args',
      '-overwrite_original',
      '-q',
    )
    const files = [
      ...PHOTOGRAPHS.map(photographFile),
      ...CASES.map(([kind, title]) => writtenFile(kind, title)),
    ]
    byExifTool = await readByExifTool(files)
  })

  async function expectAgreement(file: string): Promise<Exif> {
    const read = readExif(await readFile(file))
    expect(read).toEqual(byExifTool.get(file))
    return read
  }

  test.each(PHOTOGRAPHS)('on the photograph %s', async (name) => {
    await expectAgreement(photographFile(name))
  })

  test.each(CASES)('on a %s with %s', async (kind, title, _, expected) => {
    expect(await expectAgreement(writtenFile(kind, title))).toMatchObject(expected)
  })
})
