import { IMAGE_TYPES, type ImageType, mediaTypeOf, ProblemError } from '@darkroom/core'

/** Names that senders use for a registered media type. */
const ALIASES: Record<string, ImageType> = { 'image/jpg': 'image/jpeg', 'image/pjpeg': 'image/jpeg' }

/** What says nothing about the content. */
const UNSPECIFIC = new Set(['', 'application/octet-stream', 'image/*'])

/** @throws ProblemError `type-mismatch` if the declared media type is not that of the bytes */
export function requireDeclaredType(actual: ImageType, declared = ''): void {
  const mediaType = mediaTypeOf(declared)
  if (UNSPECIFIC.has(mediaType) || (ALIASES[mediaType] ?? mediaType) === actual) return
  throw new ProblemError(
    'type-mismatch',
    `The image was declared as ${mediaType}, but its bytes are ${IMAGE_TYPES[actual].name}. Declare ${actual}, or application/octet-stream to leave it open.`,
  )
}
