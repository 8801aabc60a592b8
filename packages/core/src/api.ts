import * as z from 'zod'
import { AppId } from './app-id.ts'
import { Attributes } from './attributes.ts'
import { Filename } from './filename.ts'
import { ImageId } from './image-id.ts'
import { ImageType, Sha256 } from './image-types.ts'
import { DatePartition } from './keys.ts'

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
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'UploadAccepted' })
export type UploadAccepted = z.infer<typeof UploadAccepted>

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

/** The receipt of `DELETE /v1/images/{id}`. */
const Erasure = z
  .object({
    at: z.iso.datetime(),
    by: z.string().meta({ description: 'The credential: the first 12 hex digits of its SHA-256.' }),
    objects: z.int().meta({ description: 'How many objects were deleted: the original and its variants.' }),
  })
  .meta({ id: 'Erasure' })

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
    variants: z.array(Variant).optional(),
    srcset: z.string().optional().meta({ description: 'For the `srcset` of an <img>.' }),
    placeholder: z.object({ thumbhash: z.string(), dominantColor: z.string() }).optional(),
    exif: Exif.optional(),
    perceptualHash: z.string().optional(),
    timings: z.object({ queuedMs: z.int(), processingMs: z.int() }).optional(),
    failure: Failure.optional(),
    erasure: Erasure.optional(),
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
