import type { Warning } from '@darkroom/core'
import { type FileTraits, isSoundExif, isSoundProfile } from '@darkroom/image-file'

/** Finds anything unusual about an original, by its structure and its variants. */
export function findWarnings(
  { end, exif, profile, ...has }: FileTraits,
  bytes: number,
  variants: readonly { frames: number }[],
): Warning[] {
  const hasTrailer = end < bytes
  const isStill = variants.every(({ frames }) => frames === 1)
  const found: Partial<Record<Warning, boolean | undefined>> = {
    'gain-map-ignored': has.hasGainMap,
    'extra-images-ignored': hasTrailer && has.hasMorePictures && !has.hasGainMap,
    'trailing-data': hasTrailer && !has.hasMorePictures && !has.hasGainMap,
    'animation-flattened': has.isAnimated && isStill,
    'damaged-data': has.hasStrayBytes || has.hasDamagedData,
    'bad-exif': exif && !isSoundExif(exif),
    'bad-color-profile': profile && !isSoundProfile(profile),
    'colors-not-converted': has.hasUnknownColors || has.space?.hdr !== undefined,
    'content-credentials-removed': has.hasContentCredentials,
  }
  return (Object.keys(found) as Warning[]).filter((warning) => found[warning])
}
