import { onlyMetadata } from '@darkroom/image-file'
import ExifReader from 'exifreader'

/** What is kept of an original's EXIF and XMP. */
export interface Exif {
  /** The camera's own time, `2008-05-30T15:56:01`, with `+02:00` behind it if the camera wrote its zone. */
  takenAt?: string
  cameraMake?: string
  cameraModel?: string
  /** EXIF orientation, 1 to 8. */
  orientation?: number
  /** Whether EXIF or XMP say where it was taken; the place itself is not read. */
  hadLocation: boolean
}

/** Reads what is there; metadata that cannot be read counts as none. */
export function readExif(original: Uint8Array): Exif {
  try {
    const { exif, xmp } = readTags(original)
    return {
      ...optional('takenAt', toTime(text(exif.DateTimeOriginal), text(exif.OffsetTimeOriginal))),
      ...optional('cameraMake', text(exif.Make)),
      ...optional('cameraModel', text(exif.Model)),
      ...optional('orientation', toOrientation(exif.Orientation?.value)),
      hadLocation: exif.GPSLatitude !== undefined || /\bGPSLatitude\b/.test(xmp),
    }
  } catch {
    return { hadLocation: false }
  }
}

const TAGS = ['DateTimeOriginal', 'OffsetTimeOriginal', 'Make', 'Model', 'Orientation', 'GPSLatitude']

type Tags = Partial<Record<string, { value: unknown }>>

function readTags(original: Uint8Array): { exif: Tags; xmp: string } {
  let xmp = ''
  const domParser = {
    /** XMP is only searched, not parsed: a stranger's XML may be megabytes of depth map. */
    parseFromString(packet: string): never {
      xmp += packet
      throw new Error('not parsed')
    },
  }
  const { exif = {} } = ExifReader.load(wholeBuffer(onlyMetadata(original)), {
    expanded: true,
    includeTags: { exif: TAGS, xmp: true },
    domParser,
  })
  return { exif: exif as Tags, xmp }
}

/** The reader copies a Buffer whatever its size; an ArrayBuffer it takes as it is. */
function wholeBuffer(bytes: Uint8Array): ArrayBufferLike {
  return bytes.length === bytes.buffer.byteLength ? bytes.buffer : new Uint8Array(bytes).buffer
}

function text(tag: Tags[string]): string | undefined {
  const value = Array.isArray(tag?.value) ? tag.value.join(' ') : tag?.value
  if (typeof value !== 'string') return undefined
  return (
    value
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim()
      .slice(0, 100) || undefined
  )
}

/** EXIF writes `2008:05:30 15:56:01`, and `0000:00:00 00:00:00` or blanks where the clock was never set. */
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
