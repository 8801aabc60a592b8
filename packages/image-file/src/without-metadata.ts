import type { ImageType } from '@darkroom/core'
import { type FileTraits, typeOf } from './formats.ts'
import { isSrgbProfile } from './icc-profile.ts'
import { bareAvif } from './readers/heif-bare.ts'
import { bareJpeg } from './readers/jpeg.ts'
import { barePng } from './readers/png.ts'
import { bareWebp } from './readers/webp.ts'
import { isSrgb } from './rgb-space.ts'

const BARE: Partial<Record<ImageType, (bytes: Buffer) => Buffer | undefined>> = {
  'image/jpeg': bareJpeg,
  'image/png': barePng,
  'image/webp': bareWebp,
  'image/avif': bareAvif,
}

/**
 * The same picture, not decoded, with nothing but its pixels: no EXIF, XMP, profile, comment, thumbnail or bytes after the end.
 * Undefined if that would change its look (colors other than sRGB, an animation), if its structure is damaged or unusual,
 * or if it is neither JPEG, PNG, WebP nor AVIF. An orientation in EXIF is lost, so the caller must check it.
 */
export function withoutMetadata(image: Uint8Array, traits: FileTraits): Buffer | undefined {
  const { profile, space, hasUnknownColors, isAnimated, isCmyk, hasStrayBytes } = traits
  const type = typeOf(image)
  if (!type || hasUnknownColors || isAnimated || isCmyk || hasStrayBytes) return undefined
  if ((space && !isSrgb(space)) || (profile && !isSrgbProfile(profile))) return undefined
  return BARE[type]?.(Buffer.from(image.buffer, image.byteOffset, traits.end))
}
