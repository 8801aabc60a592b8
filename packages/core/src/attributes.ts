import * as z from 'zod'
import { Text } from './text.ts'

/** As UTF-8 JSON. An S3 object's user metadata holds 2 KB in total. */
const MAX_ATTRIBUTES_BYTES = 1024

/** The key of an attribute. */
export const AttributeName = z
  .string()
  .regex(/^[a-z0-9_-]{1,64}$/, 'must have a key of 1 to 64 characters of a-z, 0-9, "_" and "-"')

/**
 * Key/value pairs that the app stores with an image: at most 16, at most 1 KB in total.
 * @example { "album": "summer-2026", "user": "u-1729" }
 */
export const Attributes = z
  .record(AttributeName, Text.max(256, 'must have at most 256 characters'))
  .refine((value) => Object.keys(value).length <= 16, 'must have at most 16 entries')
  .refine(
    (value) => new TextEncoder().encode(JSON.stringify(value)).length <= MAX_ATTRIBUTES_BYTES,
    'must have at most 1 KB in total, as JSON',
  )
  .meta({ description: 'Key/value pairs stored with the image.', example: { album: 'summer-2026' } })
export type Attributes = z.infer<typeof Attributes>
