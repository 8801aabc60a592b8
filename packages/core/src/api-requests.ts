import * as z from 'zod'
import { SCOPES } from './api-key.ts'
import { Attributes } from './attributes.ts'
import { Filename } from './filename.ts'
import { ImageId } from './image-id.ts'
import { ImageType, MAX_STORED_BYTES, Sha256 } from './image-types.ts'
import { DatePartition } from './keys.ts'
import { Text } from './text.ts'
import { Uploader } from './uploader.ts'

const NamedUploader = Uploader.optional().meta({
  description:
    "The app's own user who uploads the image. Only with an API key: a token or JWT names its uploader itself.",
})

/** `POST /v1/images` as JSON: the image in base64 (RFC 4648, section 4). */
export const UploadRequest = z
  .strictObject({
    data: z.string().meta({
      description: 'The image in base64, with padding. The image has at most 4 MB.',
      contentEncoding: 'base64',
    }),
    filename: Filename.optional(),
    attributes: Attributes.optional(),
    uploader: NamedUploader,
  })
  .meta({ id: 'UploadRequest' })
export type UploadRequest = z.infer<typeof UploadRequest>

/** `POST /v1/uploads`: an image that the client will send to S3 directly. */
export const DirectUploadRequest = z
  .strictObject({
    bytes: z.int().positive().meta({
      description: 'The exact size of the file, at most 50 MB. S3 rejects any other size.',
      maximum: MAX_STORED_BYTES,
    }),
    contentType: z.string().meta({
      description:
        'The media type of the file: one of the accepted types, or `application/octet-stream` if it is not known.',
      example: 'image/jpeg',
    }),
    filename: Filename.optional(),
    attributes: Attributes.optional(),
    uploader: NamedUploader,
    sha256: Sha256.optional(),
    multipart: z
      .boolean()
      .optional()
      .meta({ description: 'Use a multipart upload, which can resume after a reload or a lost connection.' }),
  })
  .meta({ id: 'DirectUploadRequest' })
export type DirectUploadRequest = z.infer<typeof DirectUploadRequest>

/**
 * `POST /v1/uploads/sign`: one S3 request of a multipart upload. PUT sends a part, GET lists the parts, POST completes and
 * DELETE aborts the upload. The shape is that of Uppy's `signRequest` (@uppy/aws-s3).
 */
export const SignatureRequest = z
  .object({
    method: z.enum(['PUT', 'GET', 'POST', 'DELETE']),
    key: z.string().meta({ description: 'The key from the answer to POST /v1/uploads.' }),
    // S3 makes it, and it becomes part of a URL, which half of a surrogate pair cannot.
    uploadId: Text.min(1).max(1024),
    partNumber: z.int().positive().optional().meta({ description: 'Required for PUT.' }),
  })
  .meta({ id: 'SignatureRequest' })
export type SignatureRequest = z.infer<typeof SignatureRequest>

/** The lifetime of an upload token in seconds. */
const DEFAULT_TOKEN_SECONDS = 900
const MAX_TOKEN_SECONDS = 86_400

/** `POST /v1/tokens`. */
export const TokenRequest = z
  .strictObject({
    uploader: Uploader.optional().meta({
      description:
        "The app's own user, such as its id in your database. The token sees this user's images only. Without it, the token gets a new uploader of its own.",
    }),
    scopes: z
      .array(z.enum(SCOPES))
      .min(1)
      .default(['upload', 'read'])
      .meta({ description: 'What the token may do. `read:all`: see the images of all uploaders.' }),
    expiresIn: z
      .int()
      .min(60)
      .max(MAX_TOKEN_SECONDS)
      .default(DEFAULT_TOKEN_SECONDS)
      .meta({ description: 'Seconds.' }),
    maxBytes: z
      .int()
      .positive()
      .optional()
      .meta({ description: 'The largest image that the token may upload.' }),
    contentTypes: z
      .array(ImageType)
      .min(1)
      .optional()
      .meta({ description: 'The only types of images that the token may upload.' }),
  })
  .meta({ id: 'TokenRequest' })

/** Only digits, so that `1e1`, `5.0` and `+5` are refused as they are. */
function toInteger(text: unknown): unknown {
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : text
}

/** The query of `GET /v1/images`. */
export const ListQuery = z.strictObject({
  date: DatePartition.optional().meta({
    description:
      'A UTC day: lists its images, oldest first. Without it, the newest images of all days come first.',
  }),
  limit: z.preprocess(toInteger, z.int().min(1).max(100).default(25)),
  cursor: ImageId.optional().meta({ description: 'The cursor from the previous page.' }),
})
export type ListQuery = z.infer<typeof ListQuery>

/** The query of `GET /v1/images` with ids, of any day. */
export const SelectionQuery = z.strictObject({
  ids: z
    .string()
    .transform((list) => [...new Set(list.toLowerCase().split(','))])
    .pipe(z.array(ImageId).max(100, 'must have at most 100 ids'))
    .meta({ description: 'Up to 100 comma-separated ids, instead of a date.' }),
})
export type SelectionQuery = z.infer<typeof SelectionQuery>
