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
  'EXIF:Make',
  'EXIF:Model',
  'EXIF:Orientation',
  'EXIF:DateTimeOriginal',
  'EXIF:OffsetTimeOriginal',
]
const LOCATIONS = ['EXIF:GPSLatitude', 'XMP:GPSLatitude']

/** ExifTool's values in the format of `readExif`. */
async function readByExifTool(file: string): Promise<Exif> {
  const args = ['-json', '-n', '-G', ...[...TAGS, ...LOCATIONS].map((tag) => `-${tag}`), file]
  const [found] = JSON.parse(await runExifTool(...args))
  const [make, model, orientation, time, zone] = TAGS.map((tag) => found[tag])
  const exif: Exif = { hadLocation: LOCATIONS.some((tag) => found[tag] !== undefined) }
  if (make) exif.cameraMake = normalize(make)
  if (model) exif.cameraModel = normalize(model)
  if (orientation) exif.orientation = orientation
  if (time) exif.takenAt = normalize(time).replace(/^(\d+):(\d+):(\d+) /, '$1-$2-$3T') + (zone ?? '')
  return exif
}

const normalize = (value: unknown) => String(value).replace(/\s+/g, ' ').trim()

async function expectAgreement(bytes: Buffer, file = join(folder, 'photograph')): Promise<Exif> {
  await writeFile(file, bytes)
  const read = readExif(bytes)
  expect(read).toEqual(await readByExifTool(file))
  return read
}

describeWith(EXIFTOOL, 'ExifTool agrees', () => {
  test.each([...CAMERA_PHOTOGRAPHS, 'earth-by-day'] as const)('on the photograph %s', async (name) => {
    await expectAgreement(await photograph(name))
  })

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
      { takenAt: '2024-02-29T23:59:58+05:45' },
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
      'long values',
      ['-EXIF:Make=ACME', '-UserComment=x'.padEnd(30_000, 'x'), '-Copyright=me', '-ISO=100'],
      { cameraMake: 'ACME' },
    ],
  ]
  const kinds = ['jpeg', 'png', 'webp'] as const

  test.each(WRITTEN.flatMap((row) => kinds.map((kind) => [kind, ...row] as const)))(
    'on a %s with %s',
    async (kind, _, tags, expected) => {
      const file = join(folder, `written.${kind}`)
      await writeFile(file, await fourCorners(32, 24).toFormat(kind).toBuffer())
      await runExifTool('-overwrite_original', '-q', ...tags, file)
      expect(await expectAgreement(await readFile(file), file)).toMatchObject(expected)
    },
  )
})
