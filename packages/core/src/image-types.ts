import * as z from 'zod'

/** The largest image in one HTTP request or Kafka record, in bytes: Lambda accepts events of 6 MB, base64 included. */
export const MAX_UPLOAD_BYTES = 4 * 1024 * 1024

/** The largest image that is sent through S3 (a direct upload, or a claim check from Kafka), in bytes. */
export const MAX_STORED_BYTES = 50 * 1024 * 1024

/** The size of every part of a multipart upload except the last, in bytes: the smallest that S3 accepts. */
export const PART_BYTES = 5 * 1024 * 1024

/**
 * The image types, each with its limit in pixels. A JPEG is shrunk as it is read. AVIF and HEIC reach their limits in tiles, as
 * phones write them; in one piece, the memory that `inspectImage` allows ends at about half of that. HEIC is accepted only if
 * a deployment has a decoder for it, see `acceptedTypes`.
 */
export const IMAGE_TYPES = {
  'image/jpeg': { name: 'JPEG', maxPixels: 210_000_000 },
  'image/png': { name: 'PNG', maxPixels: 50_000_000 },
  'image/webp': { name: 'WebP', maxPixels: 50_000_000 },
  'image/gif': { name: 'GIF', maxPixels: 50_000_000 },
  'image/avif': { name: 'AVIF', maxPixels: 50_000_000 },
  'image/heic': { name: 'HEIC', maxPixels: 50_000_000 },
} as const

export const ImageType = z
  .enum(Object.keys(IMAGE_TYPES) as [keyof typeof IMAGE_TYPES])
  .meta({ description: 'The media type, found in the bytes.', example: 'image/jpeg' })
export type ImageType = keyof typeof IMAGE_TYPES

/** The variable `HEIC_DECODER`: the decoder that a deployment uses for HEIC, if any. See decisions/0023. */
export const HeicDecoder = z.enum(['none', 'libheif'], {
  error: ({ input }) => `HEIC_DECODER is ${input}; it must be none or libheif`,
})
export type HeicDecoder = z.infer<typeof HeicDecoder>

/** The types that a deployment accepts: HEIC only with a decoder. */
export function acceptedTypes(heicDecoder: HeicDecoder = 'none'): readonly ImageType[] {
  return ImageType.options.filter((type) => type !== 'image/heic' || heicDecoder !== 'none')
}

/** For messages to people: `JPEG, PNG, WebP, GIF, AVIF`. */
export function namesOf(types: readonly ImageType[]): string {
  return types.map((type) => IMAGE_TYPES[type].name).join(', ')
}

/** SHA-256 of an image's bytes in lower-case hex. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must have 64 characters of lower-case hex')
  .meta({
    description: 'SHA-256 of the bytes, hex.',
    example: 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
  })
export type Sha256 = z.infer<typeof Sha256>
