import * as z from 'zod'
import { AppId } from './app-id.ts'
import { Attributes } from './attributes.ts'
import { ImageId } from './image-id.ts'
import { ImageType, Sha256 } from './image-types.ts'
import { Warning } from './warnings.ts'

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

const Part = z.object({ partNumber: z.int().positive(), bytes: z.int(), etag: z.string() })

/**
 * The request that sends the image to S3, 201: a form of `fields` with the file last, or, for a multipart upload, the
 * request that starts it, with `headers`.
 */
export const DirectUpload = z
  .object({
    id: ImageId,
    key: z.string().meta({ description: 'The S3 key of the upload.' }),
    method: z.literal('POST'),
    url: z.url(),
    fields: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'The form fields. Send the file after them.' }),
    headers: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'Multipart only: the headers to send.' }),
    partBytes: z
      .int()
      .optional()
      .meta({ description: 'Multipart only: the exact size of every part except the last.' }),
    begun: z
      .object({ uploadId: z.string(), parts: z.array(Part) })
      .optional()
      .meta({
        description:
          'Multipart only: the upload that was already started with this Idempotency-Key. Resume it.',
      }),
    expiresAt: z.iso.datetime().meta({ description: 'When the URL expires.' }),
    links: z.object({ sign: z.string(), complete: z.string() }),
  })
  .meta({ id: 'DirectUpload' })
export type DirectUpload = z.infer<typeof DirectUpload>

export const Signature = z.object({ url: z.url(), expiresAt: z.iso.datetime() }).meta({ id: 'Signature' })
export type Signature = z.infer<typeof Signature>

/** `url` is presigned and valid for at least an hour. */
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

/** One format of the picture, for a `<source>`. */
const Source = z
  .object({ type: z.string().meta({ example: 'image/avif' }), srcset: z.string() })
  .meta({ id: 'Source' })

/** From EXIF or XMP. The location is never included, only whether the file had one. */
const Exif = z
  .object({
    takenAt: z.string().optional(),
    cameraMake: z.string().optional(),
    cameraModel: z.string().optional(),
    lens: z.string().optional(),
    focalLengthMm: z
      .number()
      .optional()
      .meta({ description: 'Of the lens, not converted to another sensor size.', example: 4.15 }),
    exposureSeconds: z.number().optional().meta({ example: 0.004 }),
    aperture: z.number().optional().meta({ description: 'The f-number.', example: 2.8 }),
    iso: z.int().optional().meta({ example: 100 }),
    flashFired: z.boolean().optional(),
    software: z.string().optional().meta({ description: 'The program or firmware that wrote the file.' }),
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

/** Something unusual about an image that was processed anyway. */
const WarningInWords = z.object({ type: Warning, detail: z.string() }).meta({ id: 'Warning' })

/** The receipt of `DELETE /v1/images/{id}`. */
const Erasure = z
  .object({
    at: z.iso.datetime(),
    by: z.string().meta({
      description: 'The credential that erased the image: the id of its API key, or the issuer of its JWT.',
    }),
    objects: z.int().meta({ description: 'How many objects were deleted: the original and its variants.' }),
    complete: z.boolean().meta({
      description:
        'False while parts of the image may still be stored, because a deletion failed and is repeated.',
    }),
  })
  .meta({ id: 'Erasure' })

/** Until when the parts of an image are kept. After `status`, the image answers 410. */
const KeptUntil = z
  .object({ original: z.iso.datetime(), variants: z.iso.datetime(), status: z.iso.datetime() })
  .meta({ id: 'KeptUntil' })

/** `GET /v1/images/{id}`. `processed` is final, except that the image can be erased. */
export const ImageStatus = z
  .object({
    id: ImageId,
    app: AppId,
    status: z.enum(['queued', 'processed', 'failed', 'erased']),
    acceptedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().optional(),
    filename: z.string().optional(),
    attributes: Attributes.optional(),
    uploader: z.string().optional().meta({
      description:
        "The app's own user who uploaded the image. Only for that user, and for an API key of the app.",
    }),
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
          'Type, size and hash are missing for an erased image, and can be missing for one from Kafka that failed before it was accepted.',
      }),
    variants: z
      .array(Variant)
      .optional()
      .meta({ description: 'Only for a processed image, until `keptUntil.variants`.' }),
    srcset: z.string().optional().meta({
      description: 'For the `srcset` of an <img>: the uncropped variants, one per width, without AVIF.',
    }),
    sources: z.array(Source).optional().meta({
      description:
        'For the <source> elements of a <picture> around that <img>, in this order: the formats that have the largest width in fewer bytes. Missing if there are none.',
    }),
    placeholder: z.object({ thumbhash: z.string(), dominantColor: z.string() }).optional(),
    exif: Exif.optional(),
    perceptualHash: z.string().optional(),
    warnings: z.array(WarningInWords).optional(),
    timings: z.object({ queuedMs: z.int(), processingMs: z.int() }).optional(),
    failure: Failure.optional(),
    erasure: Erasure.optional(),
    keptUntil: KeptUntil.optional().meta({ description: 'Missing for an erased image.' }),
  })
  .meta({ id: 'ImageStatus' })
export type ImageStatus = z.infer<typeof ImageStatus>

/** An upload token, 201. */
export const IssuedToken = z
  .object({
    token: z.string(),
    expiresAt: z.iso.datetime(),
    uploader: z.string().optional().meta({ description: 'Whose images the token uploads and sees.' }),
  })
  .meta({ id: 'IssuedToken' })
export type IssuedToken = z.infer<typeof IssuedToken>

/** A page of an app's images: the newest first, or those of one day, oldest first. */
export const ImageList = z
  .object({ items: z.array(ImageStatus), cursor: ImageId.optional() })
  .meta({ id: 'ImageList' })
export type ImageList = z.infer<typeof ImageList>

/** The requested images, in the requested order, and the unknown ids. */
export const ImageSelection = z
  .object({ items: z.array(ImageStatus), notFound: z.array(ImageId) })
  .meta({ id: 'ImageSelection' })
export type ImageSelection = z.infer<typeof ImageSelection>

export const Health = z
  .object({ status: z.literal('ok'), service: z.string(), stage: z.string() })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof Health>

export const Readiness = z
  .object({
    status: z.literal('ready'),
    service: z.string(),
    stage: z.string(),
    storage: z.literal('ok'),
    queue: z.enum(['ok', 'unavailable']).meta({
      description: '`unavailable`: uploads are accepted, and are processed when SQS answers again.',
    }),
  })
  .meta({ id: 'Readiness' })
export type Readiness = z.infer<typeof Readiness>
