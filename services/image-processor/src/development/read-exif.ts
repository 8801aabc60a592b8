import { type FileTraits, readTraits } from '@darkroom/image-file'
import ExifReader from 'exifreader'
import { takenAt, type WrittenTime } from './taken-at.ts'

/** The part of an original's EXIF and XMP that is kept. */
export interface Exif {
  /** ISO 8601: the camera's local time, and its offset from UTC if the camera wrote it. */
  takenAt?: string
  cameraMake?: string
  cameraModel?: string
  /** EXIF orientation, 1 to 8. */
  orientation?: number
  /** Whether EXIF or XMP contain a location. The location itself is not read. */
  hadLocation: boolean
}

/** Metadata that cannot be read counts as absent. */
export function readExif(original: Uint8Array, traits: FileTraits = readTraits(original)): Exif {
  const own = traits.exif ? load(traits.exif) : {}
  const exif = Object.assign({}, ...(traits.furtherExif ?? []).slice(0, MAX_FURTHER_BLOCKS).map(load), own)
  const xmp = (traits.xmp ?? []).map(textOf).join('\n')
  return {
    ...optional('takenAt', takenAt([...timesInExif(exif), ...timesInXmp(xmp), ...timesInTexts(traits)])),
    ...optional('cameraMake', text(exif.Make)),
    ...optional('cameraModel', text(exif.Model)),
    // Decoders rotate by this block only.
    ...optional('orientation', toOrientation(own.Orientation?.value)),
    hadLocation: LOCATION_TAGS.some((tag) => exif[tag] !== undefined) || LOCATION_IN_XMP.test(xmp),
  }
}

/** What names a place; an altitude or a compass direction does not. */
const LOCATION_TAGS = [
  'GPSLatitude',
  'GPSLongitude',
  'GPSDestLatitude',
  'GPSDestLongitude',
  'GPSAreaInformation',
] as const
/** As an attribute or an element, with a value. */
const LOCATION_IN_XMP = new RegExp(`\\b(?:${LOCATION_TAGS.join('|')})(?:\\s*=\\s*["'][^"']|>[^<])`)

const TAGS = [
  'DateTimeOriginal',
  'SubSecTimeOriginal',
  'OffsetTimeOriginal',
  'DateTimeDigitized',
  'SubSecTimeDigitized',
  'OffsetTimeDigitized',
  'DateTime',
  'SubSecTime',
  'OffsetTime',
  'Make',
  'Model',
  'Orientation',
  ...LOCATION_TAGS,
] as const

type Tags = Partial<Record<(typeof TAGS)[number], { value: unknown }>>

/**
 * Cameras write up to 64 KB, the most that fits into a JPEG segment. If tags claim a whole file as their value, reading
 * them takes seconds and hundreds of megabytes.
 */
const MAX_EXIF_BYTES = 256 * 1024
/** Real files have one or two. */
const MAX_FURTHER_BLOCKS = 4
/** XMP is only searched, not parsed: it can contain a depth map of several megabytes. */
const MAX_XMP_BYTES = 1024 * 1024

function load(block: Buffer): Tags {
  if (block.length > MAX_EXIF_BYTES) return {}
  try {
    const found = ExifReader.load(wholeBuffer(block), { expanded: true, includeTags: { exif: [...TAGS] } })
    return (found.exif ?? {}) as Tags
  } catch {
    return {} // damaged
  }
}

/** The library copies a Buffer, but uses an ArrayBuffer without copying. */
function wholeBuffer(bytes: Uint8Array): ArrayBufferLike {
  return bytes.length === bytes.buffer.byteLength ? bytes.buffer : new Uint8Array(bytes).buffer
}

/** Names and times in XMP are ASCII, so without zeros UTF-16 reads like UTF-8. */
function textOf(packet: Buffer): string {
  return packet.toString('latin1', 0, MAX_XMP_BYTES).replaceAll('\0', '')
}

/** When the shutter opened, when the sensor or scanner was read, when the file was written. */
function timesInExif(exif: Tags): WrittenTime[] {
  const [original, digitized, changed] = [
    exif.OffsetTimeOriginal,
    exif.OffsetTimeDigitized,
    exif.OffsetTime,
  ].map(text)
  return [
    {
      time: text(exif.DateTimeOriginal),
      fraction: text(exif.SubSecTimeOriginal),
      offsets: [original, changed, digitized],
    },
    {
      time: text(exif.DateTimeDigitized),
      fraction: text(exif.SubSecTimeDigitized),
      offsets: [digitized, original, changed],
    },
    { time: text(exif.DateTime), fraction: text(exif.SubSecTime), offsets: [changed] },
  ]
}

const TIMES_IN_XMP = [
  'exif:DateTimeOriginal',
  'photoshop:DateCreated',
  'exif:DateTimeDigitized',
  'xmp:CreateDate',
]

function timesInXmp(xmp: string): WrittenTime[] {
  return TIMES_IN_XMP.map((name) => {
    const [, attribute, element] = xmp.match(new RegExp(`\\b${name}(?:\\s*=\\s*["']([^"']*)|>([^<]*))`)) ?? []
    return { time: attribute ?? element }
  })
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** PNG recommends RFC 1123 (W3C PNG, 11.3.3.1): `Wed, 01 May 2024 12:34:56 +0200`. Many programs write ISO 8601. */
function timesInTexts({ creationTime = '' }: FileTraits): WrittenTime[] {
  const [, day, month = '', year, time, zone = ''] =
    creationTime.match(/^(?:\w{3}, )?(\d{1,2}) (\w{3}) (\d{4}) (\S+) ?(\S*)/) ?? []
  if (!time) return [{ time: creationTime }]
  return [{ time: `${year}:${MONTHS.indexOf(month) + 1}:${day} ${time}${zone === 'GMT' ? 'Z' : zone}` }]
}

/** EXIF's texts end at the first NUL; what follows it was in the camera's memory. */
function text(tag: Tags[keyof Tags]): string | undefined {
  const value = Array.isArray(tag?.value) ? tag.value[0] : tag?.value
  if (typeof value !== 'string') return undefined
  const [beforeNul = ''] = value.split('\0')
  return (
    beforeNul
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim()
      .slice(0, 100) || undefined
  )
}

function toOrientation(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 1 && value <= 8 ? value : undefined
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value })
}
