import { type FileTraits, readTraits, typeOf } from '@darkroom/image-file'
import ExifReader from 'exifreader'

/** The part of an original's EXIF and XMP that is kept. */
export interface Exif {
  /** The camera's local time, `2008-05-30T15:56:01`, followed by `+02:00` if the camera wrote its zone. */
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
  const { exif, xmp } = readTags(original, traits)
  return {
    ...optional('takenAt', toTime(text(exif.DateTimeOriginal), text(exif.OffsetTimeOriginal))),
    ...optional('cameraMake', text(exif.Make)),
    ...optional('cameraModel', text(exif.Model)),
    ...optional('orientation', toOrientation(exif.Orientation?.value)),
    hadLocation: exif.GPSLatitude !== undefined || /\bGPSLatitude\b/.test(xmp),
  }
}

const TAGS = ['DateTimeOriginal', 'OffsetTimeOriginal', 'Make', 'Model', 'Orientation', 'GPSLatitude']

interface Tags {
  exif: Partial<Record<string, { value: unknown }>>
  /** Only searched, not parsed: it can contain a depth map of several megabytes. */
  xmp: string
}

/**
 * Cameras write up to 64 KB, the most that fits into a JPEG segment. If tags claim a whole file as their value, reading
 * them takes seconds and hundreds of megabytes.
 */
const MAX_METADATA_BYTES = 256 * 1024

/** In a HEIF the metadata is stored among the image data, where the library finds it. */
function readTags(original: Uint8Array, traits: FileTraits): Tags {
  const type = typeOf(original)
  if (type === 'image/avif' || type === 'image/heic') return load(original)
  const [exif, xmp] = [traits.exif, traits.xmp].map((part) =>
    part && part.length <= MAX_METADATA_BYTES ? part : undefined,
  )
  const found = exif ? load(exif) : { exif: {}, xmp: '' }
  return { exif: found.exif, xmp: found.xmp + (xmp?.toString() ?? '') }
}

/** @param file an image, or EXIF by itself, which is TIFF */
function load(file: Uint8Array): Tags {
  const found: Tags = { exif: {}, xmp: '' }
  const domParser = {
    parseFromString(packet: string): never {
      found.xmp += packet
      throw new Error('not parsed')
    },
  }
  try {
    const { exif = {} } = ExifReader.load(wholeBuffer(file), {
      expanded: true,
      includeTags: { exif: TAGS, xmp: true },
      domParser,
    })
    found.exif = exif as Tags['exif']
  } catch {
    // Damaged: what was found before is kept.
  }
  return found
}

/** The library copies a Buffer, but uses an ArrayBuffer without copying. */
function wholeBuffer(bytes: Uint8Array): ArrayBufferLike {
  return bytes.length === bytes.buffer.byteLength ? bytes.buffer : new Uint8Array(bytes).buffer
}

function text(tag: Tags['exif'][string]): string | undefined {
  const value = Array.isArray(tag?.value) ? tag.value.join(' ') : tag?.value
  if (typeof value !== 'string') return undefined
  return (
    value
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim()
      .slice(0, 100) || undefined
  )
}

/** EXIF has `2008:05:30 15:56:01`, or `0000:00:00 00:00:00` or blanks if the clock was never set. */
function toTime(written: string | undefined, offset: string | undefined): string | undefined {
  const parts = written?.match(/^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/)
  if (!parts) return undefined
  const time = `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}`
  const parsed = new Date(`${time}Z`)
  if (Number.isNaN(parsed.getTime()) || !parsed.toISOString().startsWith(time)) return undefined
  return offset && /^[+-]\d\d:\d\d$/.test(offset) ? time + offset : time
}

function toOrientation(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 1 && value <= 8 ? value : undefined
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value })
}
