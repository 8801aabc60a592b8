import * as z from 'zod'

/** Together in UTF-8 JSON, so that they fit into an S3 object's user metadata (2 KB in all). */
const MAX_ATTRIBUTES_BYTES = 1024

/**
 * What the uploading application wants to remember with an image: at most 16 pairs, 1 KB together.
 * @example { "album": "summer-2026", "user": "u-1729" }
 */
export const Attributes = z
  .record(
    z.string().regex(/^[a-z0-9_-]{1,64}$/, 'an attribute key is 1 to 64 characters of a-z, 0-9, "_" and "-"'),
    z.string().max(256, 'an attribute value has at most 256 characters'),
  )
  .refine((value) => Object.keys(value).length <= 16, 'at most 16 attributes')
  .refine(
    (value) => new TextEncoder().encode(JSON.stringify(value)).length <= MAX_ATTRIBUTES_BYTES,
    'attributes have at most 1 KB together',
  )
  .meta({ description: 'Key/value pairs kept with the image.', example: { album: 'summer-2026' } })
export type Attributes = z.infer<typeof Attributes>
