import type { ImageType } from '@darkroom/core'
import { type FileTraits, typeOf } from './formats.ts'
import { isSrgbProfile } from './icc-profile.ts'
import { bareAvif } from './readers/heif-bare.ts'
import { bareJpeg } from './readers/jpeg.ts'
import { barePng, barePngOver } from './readers/png.ts'
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
  const type = typeOf(image)
  return type && mayBeCopied(traits) ? BARE[type]?.(contentOf(image, traits)) : undefined
}

/** The same, with its transparent parts over a color, `#rrggbb`. Undefined unless it is a PNG with a transparent palette. */
export function withoutTransparency(
  image: Uint8Array,
  traits: FileTraits,
  background: string,
): Buffer | undefined {
  if (typeOf(image) !== 'image/png' || !mayBeCopied(traits)) return undefined
  return barePngOver(contentOf(image, traits), background)
}

function mayBeCopied(traits: FileTraits): boolean {
  const { profile, space, hasUnknownColors, isAnimated, isCmyk, hasStrayBytes } = traits
  if (hasUnknownColors || isAnimated || isCmyk || hasStrayBytes) return false
  return (!space || isSrgb(space)) && (!profile || isSrgbProfile(profile))
}

/** Without bytes after its end. */
function contentOf(image: Uint8Array, { end }: FileTraits): Buffer {
  return Buffer.from(image.buffer, image.byteOffset, end)
}
