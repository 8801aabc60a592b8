import { IMAGE_TYPES, type ImageType, mediaTypeOf, ProblemError } from '@darkroom/core'

/** Common names for a registered media type. */
const ALIASES: Record<string, ImageType> = { 'image/jpg': 'image/jpeg', 'image/pjpeg': 'image/jpeg' }

/** These declare no type. */
const UNSPECIFIC = new Set(['', 'application/octet-stream', 'image/*'])

/** @throws ProblemError `type-mismatch` if the declared media type does not match the bytes */
export function requireDeclaredType(actual: ImageType, declared = ''): void {
  const mediaType = mediaTypeOf(declared)
  if (UNSPECIFIC.has(mediaType) || (ALIASES[mediaType] ?? mediaType) === actual) return
  throw new ProblemError(
    'type-mismatch',
    `The image was declared as ${mediaType}, but its bytes are ${IMAGE_TYPES[actual].name}. Declare ${actual}, or application/octet-stream if you do not know the type.`,
  )
}
