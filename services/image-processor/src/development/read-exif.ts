import { type FileTraits, readTraits } from '@darkroom/image-file'
import { type CameraSettings, readCameraSettings } from './camera-settings.ts'
import { LOCATION_TAGS, readTags, type Tags, textIn } from './exif-tags.ts'
import { takenAt, type WrittenTime } from './taken-at.ts'
import { hasLocation, readXmp, valueIn } from './xmp.ts'

/** The part of an original's EXIF and XMP that is kept. */
export interface Exif extends CameraSettings {
  /** ISO 8601: the camera's local time, and its offset from UTC if the camera wrote it. */
  takenAt?: string
  /** EXIF orientation, 1 to 8. */
  orientation?: number
  /** Whether EXIF or XMP contain a location. The location itself is not read. */
  hadLocation: boolean
}

/** Real files have one or two. */
const MAX_FURTHER_BLOCKS = 4

/** Metadata that cannot be read counts as absent. */
export function readExif(original: Uint8Array, traits: FileTraits = readTraits(original)): Exif {
  const own = traits.exif ? readTags(traits.exif) : {}
  const further = (traits.furtherExif ?? []).slice(0, MAX_FURTHER_BLOCKS).map(readTags)
  const exif: Tags = Object.assign({}, ...further, own)
  const xmp = readXmp(traits.xmp)
  return {
    ...optional('takenAt', takenAt([...timesInExif(exif), ...timesInXmp(xmp), ...timesInTexts(traits)])),
    ...readCameraSettings(exif, xmp),
    // Decoders rotate by this block only.
    ...optional('orientation', toOrientation(own.Orientation?.value)),
    hadLocation: LOCATION_TAGS.some((tag) => exif[tag] !== undefined) || hasLocation(xmp),
  }
}

/** When the shutter opened, when the sensor or scanner was read, when the file was written. */
function timesInExif(exif: Tags): WrittenTime[] {
  const [original, digitized, changed] = [
    exif.OffsetTimeOriginal,
    exif.OffsetTimeDigitized,
    exif.OffsetTime,
  ].map(textIn)
  return [
    {
      time: textIn(exif.DateTimeOriginal),
      fraction: textIn(exif.SubSecTimeOriginal),
      offsets: [original, changed, digitized],
    },
    {
      time: textIn(exif.DateTimeDigitized),
      fraction: textIn(exif.SubSecTimeDigitized),
      offsets: [digitized, original, changed],
    },
    { time: textIn(exif.DateTime), fraction: textIn(exif.SubSecTime), offsets: [changed] },
  ]
}

const TIMES_IN_XMP = [
  'exif:DateTimeOriginal',
  'photoshop:DateCreated',
  'exif:DateTimeDigitized',
  'xmp:CreateDate',
  'xap:CreateDate',
]

function timesInXmp(xmp: string): WrittenTime[] {
  return TIMES_IN_XMP.map((name) => ({ time: valueIn(xmp, name) }))
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** PNG recommends RFC 1123 (W3C PNG, 11.3.3.1): `Wed, 01 May 2024 12:34:56 +0200`. Programs also leave out the comma, or write ISO 8601. */
function timesInTexts({ creationTime = '' }: FileTraits): WrittenTime[] {
  const [, day, month = '', year, time, zone = ''] =
    creationTime.match(/^(?:\w{3},? )?(\d{1,2}) (\w{3}) (\d{4}) (\S+) ?(\S*)/) ?? []
  if (!time) return [{ time: creationTime }]
  return [{ time: `${year}:${MONTHS.indexOf(month) + 1}:${day} ${time}${zone === 'GMT' ? 'Z' : zone}` }]
}

function toOrientation(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 1 && value <= 8 ? value : undefined
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value })
}
