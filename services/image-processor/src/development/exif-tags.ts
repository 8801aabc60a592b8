import ExifReader from 'exifreader'

/** What names a place; an altitude or a compass direction does not. */
export const LOCATION_TAGS = [
  'GPSLatitude',
  'GPSLongitude',
  'GPSDestLatitude',
  'GPSDestLongitude',
  'GPSAreaInformation',
] as const

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
  'LensModel',
  'FocalLength',
  'ExposureTime',
  'ShutterSpeedValue',
  'FNumber',
  'ApertureValue',
  'ISOSpeedRatings',
  'RecommendedExposureIndex',
  'ISOSpeed',
  'Flash',
  'Software',
  ...LOCATION_TAGS,
] as const

/** The tags of one or several EXIF blocks that are read here. */
export type Tags = Partial<Record<(typeof TAGS)[number], { value: unknown }>>

/**
 * Cameras write up to 64 KB, the most that fits into a JPEG segment. If tags claim a whole file as their value, reading
 * them takes seconds and hundreds of megabytes.
 */
const MAX_EXIF_BYTES = 256 * 1024

/** A block that cannot be read has no tags. */
export function readTags(block: Buffer): Tags {
  if (block.length > MAX_EXIF_BYTES) return {}
  try {
    const found = ExifReader.load(wholeBuffer(block), { expanded: true, includeTags: { exif: [...TAGS] } })
    return (found.exif ?? {}) as Tags
  } catch {
    return {} // damaged
  }
}

/** The library copies a Buffer, but uses an ArrayBuffer without copying. `slice` copies without filling it with zeros first. */
function wholeBuffer({ buffer, byteOffset, length }: Uint8Array): ArrayBufferLike {
  return length === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + length)
}

/** EXIF's texts end at the first NUL; what follows it was in the camera's memory. */
export function textIn(tag: Tags[keyof Tags]): string | undefined {
  const value = Array.isArray(tag?.value) ? tag.value[0] : tag?.value
  return typeof value === 'string' ? cleanText(value.split('\0')[0]) : undefined
}

/** One line of at most 100 UTF-16 units, without half of a surrogate pair; undefined if nothing is left. */
export function cleanText(value = ''): string | undefined {
  return (
    value
      .toWellFormed()
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim()
      .slice(0, 100)
      // The pair that the limit has cut.
      .replace(/\p{Cs}$/u, '') || undefined
  )
}

/** Some cameras write a list of whole numbers. */
export function firstNumberIn(tag: Tags[keyof Tags]): number | undefined {
  return numberIn(Array.isArray(tag?.value) ? { value: tag.value[0] } : tag)
}

/** A whole number, or a fraction of two. */
export function numberIn(tag: Tags[keyof Tags]): number | undefined {
  const value = tag?.value
  if (typeof value === 'number') return value
  if (!Array.isArray(value) || value.length === 0) return undefined
  const [above, below = 1] = value
  return typeof above === 'number' && typeof below === 'number' ? above / below : undefined
}
