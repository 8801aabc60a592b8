import * as z from 'zod'
import { AppId } from './app-id.ts'
import { Attributes } from './attributes.ts'
import { Filename } from './filename.ts'
import { ImageId } from './image-id.ts'
import { ImageType, Sha256 } from './image-types.ts'
import { DatePartition } from './keys.ts'
import { Warning } from './warnings.ts'

/** `POST /v1/images` as JSON: the image in base64 (RFC 4648, section 4). */
export const UploadRequest = z
  .strictObject({
    data: z.string().meta({ description: 'The image in base64.', format: 'byte' }),
    filename: Filename.optional(),
    attributes: Attributes.optional(),
  })
  .meta({ id: 'UploadRequest' })
export type UploadRequest = z.infer<typeof UploadRequest>

/** The answer to an accepted upload, 202. */
export const UploadAccepted = z
  .object({
    id: ImageId,
    status: z.literal('queued'),
    acceptedAt: z.iso.datetime(),
    contentType: ImageType,
    bytes: z.int(),
    sha256: Sha256,
    duplicate: z.literal(true).optional().meta({
      description:
        "An earlier image of the app has the same bytes: `id` is that image's, and nothing was stored.",
    }),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'UploadAccepted' })
export type UploadAccepted = z.infer<typeof UploadAccepted>

/** `POST /v1/uploads`: an image that is to go to S3 directly. */
export const DirectUploadRequest = z
  .strictObject({
    bytes: z
      .int()
      .positive()
      .meta({ description: 'The size of the file, at most 50 MB; no other size will be taken.' }),
    contentType: z.string().meta({ description: 'The media type of the file.', example: 'image/jpeg' }),
    filename: Filename.optional(),
    attributes: Attributes.optional(),
    sha256: Sha256.optional(),
    multipart: z
      .boolean()
      .optional()
      .meta({ description: 'In parts, so that it can be gone on with after a reload or a lost network.' }),
  })
  .meta({ id: 'DirectUploadRequest' })
export type DirectUploadRequest = z.infer<typeof DirectUploadRequest>

const Part = z.object({ partNumber: z.int().positive(), bytes: z.int(), etag: z.string() })

/**
 * The request that brings the image to S3, 201: a form of `fields` with the file last, or, in parts, the request that
 * begins a multipart upload, with `headers`.
 */
export const DirectUpload = z
  .object({
    id: ImageId,
    key: z.string().meta({ description: 'Where the bytes go in S3.' }),
    method: z.literal('POST'),
    url: z.url(),
    fields: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'Of the form; the file follows them.' }),
    headers: z.record(z.string(), z.string()).optional().meta({ description: 'To send along, in parts.' }),
    partBytes: z
      .int()
      .optional()
      .meta({ description: 'In parts: the size of every part but the last. No other is taken.' }),
    begun: z
      .object({ uploadId: z.string(), parts: z.array(Part) })
      .optional()
      .meta({ description: 'In parts: what has been begun under this Idempotency-Key. Go on with it.' }),
    expiresAt: z.iso.datetime().meta({ description: 'When the URL ends to work.' }),
    links: z.object({ sign: z.string(), complete: z.string() }),
  })
  .meta({ id: 'DirectUpload' })
export type DirectUpload = z.infer<typeof DirectUpload>

/**
 * `POST /v1/uploads/sign`: one request to S3 of a multipart upload that has begun. PUT sends a part, GET lists the parts,
 * POST completes and DELETE aborts the upload. In the shape in which Uppy asks for it (`signRequest` of @uppy/aws-s3).
 */
export const SignatureRequest = z
  .object({
    method: z.enum(['PUT', 'GET', 'POST', 'DELETE']),
    key: z.string().meta({ description: 'Of the answer to POST /v1/uploads.' }),
    uploadId: z.string().min(1),
    partNumber: z.int().positive().optional().meta({ description: 'With PUT.' }),
  })
  .meta({ id: 'SignatureRequest' })
export type SignatureRequest = z.infer<typeof SignatureRequest>

export const Signature = z.object({ url: z.url(), expiresAt: z.iso.datetime() }).meta({ id: 'Signature' })
export type Signature = z.infer<typeof Signature>

/** A developed variant as the API shows it: `url` is presigned and valid for at least an hour. */
const Variant = z
  .object({
    name: z.string(),
    url: z.url(),
    contentType: z.string(),
    width: z.int(),
    height: z.int(),
    bytes: z.int(),
  })
  .meta({ id: 'Variant' })

/** What EXIF tells about the picture. Where it was taken is never told, only whether the file said so. */
const Exif = z
  .object({
    takenAt: z.string().optional(),
    cameraMake: z.string().optional(),
    cameraModel: z.string().optional(),
    orientation: z.int().optional(),
    hadLocation: z.boolean(),
  })
  .meta({ id: 'Exif' })

const Failure = z
  .object({
    type: z.string().meta({ description: 'A stable slug.', example: 'corrupt-image' }),
    title: z.string(),
    detail: z.string(),
    retryable: z.boolean(),
  })
  .meta({ id: 'Failure' })

/** Something odd about an image that was developed all the same. */
const WarningInWords = z.object({ type: Warning, detail: z.string() }).meta({ id: 'Warning' })

/** The receipt of `DELETE /v1/images/{id}`. */
const Erasure = z
  .object({
    at: z.iso.datetime(),
    by: z.string().meta({ description: 'The credential: the first 12 hex digits of its SHA-256.' }),
    objects: z.int().meta({ description: 'How many objects were deleted: the original and its variants.' }),
  })
  .meta({ id: 'Erasure' })

/** Until when the parts of an image are kept; the status itself is 410 from then on. */
const KeptUntil = z
  .object({ original: z.iso.datetime(), variants: z.iso.datetime(), status: z.iso.datetime() })
  .meta({ id: 'KeptUntil' })

/** `GET /v1/images/{id}`: what is known of an image now. `processed` is final but for an erasure. */
export const ImageStatus = z
  .object({
    id: ImageId,
    app: AppId,
    status: z.enum(['queued', 'processed', 'failed', 'erased']),
    acceptedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().optional(),
    filename: z.string().optional(),
    attributes: Attributes.optional(),
    original: z
      .object({
        contentType: ImageType.optional(),
        bytes: z.int().optional(),
        sha256: Sha256.optional(),
        width: z.int().optional(),
        height: z.int().optional(),
      })
      .meta({
        description:
          'Media type, size and hash are known of every image but an erased one, and one that failed on its way in through Kafka.',
      }),
    variants: z
      .array(Variant)
      .optional()
      .meta({ description: 'Of a processed image, until `keptUntil.variants`.' }),
    srcset: z.string().optional().meta({
      description: 'For the `srcset` of an <img>: the whole picture, each width once. No AVIF, no crops.',
    }),
    placeholder: z.object({ thumbhash: z.string(), dominantColor: z.string() }).optional(),
    exif: Exif.optional(),
    perceptualHash: z.string().optional(),
    warnings: z.array(WarningInWords).optional(),
    timings: z.object({ queuedMs: z.int(), processingMs: z.int() }).optional(),
    failure: Failure.optional(),
    erasure: Erasure.optional(),
    keptUntil: KeptUntil.optional().meta({ description: 'Of every image but an erased one.' }),
  })
  .meta({ id: 'ImageStatus' })
export type ImageStatus = z.infer<typeof ImageStatus>

/** The query of `GET /v1/images`. */
export const ListQuery = z.strictObject({
  date: DatePartition,
  limit: z.coerce.number().int().min(1).max(100).default(25),
  cursor: ImageId.optional().meta({ description: 'From the page before.' }),
})
export type ListQuery = z.infer<typeof ListQuery>

/** A page of an app's images of one day, oldest first. */
export const ImageList = z
  .object({ items: z.array(ImageStatus), cursor: ImageId.optional() })
  .meta({ id: 'ImageList' })
export type ImageList = z.infer<typeof ImageList>

/** The query of `GET /v1/images` when it asks for certain images, whatever their day. */
export const SelectionQuery = z.strictObject({
  ids: z
    .string()
    .transform((list) => [...new Set(list.split(','))])
    .pipe(z.array(ImageId).max(100, 'ids are at most 100'))
    .meta({ description: 'Up to 100 ids with commas between them, instead of a date.' }),
})
export type SelectionQuery = z.infer<typeof SelectionQuery>

/** Certain images in the order in which they were asked for, and the ids of which there is no image. */
export const ImageSelection = z
  .object({ items: z.array(ImageStatus), notFound: z.array(ImageId) })
  .meta({ id: 'ImageSelection' })
export type ImageSelection = z.infer<typeof ImageSelection>

export const Health = z
  .object({ status: z.literal('ok'), service: z.string(), stage: z.string() })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof Health>
