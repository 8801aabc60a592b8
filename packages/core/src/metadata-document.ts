import * as z from 'zod'
import { AppId } from './app-id.ts'
import { Attributes } from './attributes.ts'
import { Filename } from './filename.ts'
import { ImageId } from './image-id.ts'
import { ImageType, Sha256 } from './image-types.ts'
import { type ImageRef, isVariantKeyOf, VariantName } from './keys.ts'
import { ProblemSlug } from './problem.ts'
import { tolerant, whyUnreadable } from './tolerant.ts'
import { Uploader } from './uploader.ts'
import { Warning } from './warnings.ts'

const column = <Type extends z.ZodType>(type: Type, description: string): Type => type.meta({ description })
const timestamp = z.iso.datetime()
const count = z.int().nonnegative()

const arrival = {
  schema_version: column(z.literal(1), 'The version of this document.'),
  image_id: column(ImageId, 'The id of the image in its app, a UUIDv7 that contains the time of acceptance.'),
  app: column(AppId, 'The application the image belongs to.'),
  accepted_at: column(timestamp, 'When the image was accepted or refused, UTC.'),
  finished_at: column(timestamp, 'When processing ended, UTC.'),
  origin: column(z.enum(['http', 'kafka']), 'Where the image came from: http or kafka.'),
  kafka_topic: column(z.string().optional(), 'The topic, if the image came from Kafka.'),
  kafka_partition: column(count.optional(), 'The partition, if the image came from Kafka.'),
  kafka_offset: column(count.optional(), 'The offset, if the image came from Kafka.'),
  filename: column(Filename.optional(), 'The original file name.'),
  attributes: column(Attributes, 'Key/value pairs that the application stored with the image.'),
  uploader: column(
    Uploader.optional(),
    "The application's own user who uploaded the image, from the credential, the request or the event.",
  ),
  engine: column(z.enum(['sharp', 'jimp']).optional(), 'The image engine that processed the image.'),
  traceparent: column(z.string().optional(), 'W3C trace context of the upload.'),
}

/** Known once the original is stored in S3 and its message has been received. */
const reception = z.object({
  content_type: column(ImageType, 'The media type of the original.'),
  bytes: column(count, 'The size of the original in bytes.'),
  sha256: column(Sha256, 'SHA-256 of the original, hex.'),
  queued_ms: column(count, 'Milliseconds from acceptance to the start of processing.'),
  processing_ms: column(count, 'Milliseconds from the start of processing to its end.'),
  receive_count: column(
    z.int().positive(),
    'How many times the message was received until processing ended.',
  ),
})

/** A developed variant in S3; sizes in pixels and bytes. */
export const StoredVariant = z.object({
  name: column(VariantName, 'The name of the variant in its preset.'),
  key: column(z.string(), 'The S3 key.'),
  content_type: column(z.string(), 'The media type.'),
  width: column(count, 'Pixels.'),
  height: column(count, 'Pixels.'),
  bytes: column(count, 'Size in bytes.'),
})
export type StoredVariant = z.infer<typeof StoredVariant>

const development = {
  width: column(z.int().positive(), 'Width of the upright original in pixels.'),
  height: column(z.int().positive(), 'Height of the upright original in pixels.'),
  taken_at: column(
    z.string().optional(),
    "When the picture was taken, by the camera's clock: ISO 8601, without a time zone unless the camera wrote one.",
  ),
  camera_make: column(z.string().optional(), 'Camera maker, from EXIF or XMP.'),
  camera_model: column(z.string().optional(), 'Camera model, from EXIF or XMP.'),
  lens: column(z.string().optional(), 'Lens model, from EXIF or XMP.'),
  focal_length_mm: column(
    z.number().positive().optional(),
    'Focal length of the lens in millimetres, not converted to another sensor size.',
  ),
  exposure_seconds: column(z.number().positive().optional(), 'Exposure time in seconds.'),
  aperture: column(z.number().positive().optional(), 'Aperture as an f-number: 2.8 for f/2.8.'),
  iso: column(z.int().positive().optional(), 'ISO sensitivity.'),
  flash_fired: column(z.boolean().optional(), 'Whether the flash fired.'),
  software: column(z.string().optional(), 'The program or firmware that wrote the original.'),
  orientation: column(z.int().min(1).max(8).optional(), 'EXIF orientation of the original, 1 to 8.'),
  had_location: column(
    z.boolean(),
    'Whether the original contains the location; the location itself is stored only there.',
  ),
  had_content_credentials: column(
    z.boolean().optional(),
    'Whether the original contains Content Credentials (a C2PA manifest), which are not verified.',
  ),
  thumbhash: column(z.string(), 'ThumbHash placeholder, base64.'),
  dominant_color: column(z.string().regex(/^#[0-9a-f]{6}$/), 'The color that a person would name, #rrggbb.'),
  perceptual_hash: column(
    z.string().regex(/^[0-9a-f]{16}$/),
    '64-bit perceptual hash, hex; similar images differ in few bits. Compare only hashes of one version.',
  ),
  perceptual_hash_version: column(
    z.int().positive().optional(),
    'The algorithm of the perceptual hash; missing for the first.',
  ),
  preset: column(z.string(), 'The preset used.'),
  preset_version: column(z.int().positive(), 'The version of the preset.'),
  variants: column(z.array(StoredVariant), 'The variants, as configured in the preset.'),
  variants_bytes: column(count, 'Total size of the variants in bytes.'),
  warnings: column(z.array(Warning).optional(), 'What was unusual about the original, as stable slugs.'),
}

/** The algorithm by which perceptual hashes are made now. Hashes of different versions cannot be compared. */
export const PERCEPTUAL_HASH_VERSION = 2

/** What remains of an erased image. */
const erasure = {
  erased_at: column(timestamp, 'When the image was erased, UTC.'),
  erased_by: column(
    z.string(),
    'The credential that erased the image: the id of its API key, or the issuer of its JWT.',
  ),
  erased_objects: column(count, 'How many objects were deleted: the original and its variants.'),
}

const failure = {
  failure_type: column(ProblemSlug, 'The reason for the failure, as a stable slug.'),
  failure_detail: column(z.string(), 'The reason for the failure, as text.'),
}

export const ProcessedDocument = z.object({
  ...arrival,
  ...reception.shape,
  status: column(z.literal('processed'), 'The final status: processed, failed or erased.'),
  ...development,
})
export const FailedDocument = z.object({
  ...arrival,
  ...reception.partial().shape,
  status: column(z.literal('failed'), 'The final status: processed, failed or erased.'),
  ...failure,
})
export const ErasedDocument = z.object({
  schema_version: arrival.schema_version,
  image_id: arrival.image_id,
  app: arrival.app,
  accepted_at: arrival.accepted_at,
  status: column(z.literal('erased'), 'The final status: processed, failed or erased.'),
  ...erasure,
})

/**
 * The record of a finished image: one line of JSON in S3, written last, so it is the commit point of processing. It is
 * flat and in snake_case because it is also a row of the catalogue; the descriptions here are the comments of its columns.
 *
 * A failed document has less about the original if the image was refused before it was stored. An erased one is a
 * receipt with no data of the image or its owner. This is the writers' schema; `readDocument` is for readers.
 */
export const MetadataDocument = z.discriminatedUnion('status', [
  ProcessedDocument,
  FailedDocument,
  ErasedDocument,
])
export type MetadataDocument = z.infer<typeof MetadataDocument>
export type ProcessedDocument = z.infer<typeof ProcessedDocument>
export type FailedDocument = z.infer<typeof FailedDocument>
export type ErasedDocument = z.infer<typeof ErasedDocument>

/** The required and optional fields of a document of any status. */
const AnyDocument = z.object({
  ...FailedDocument.partial().shape,
  ...FailedDocument.pick({ image_id: true, app: true, accepted_at: true, status: true }).shape,
})

const StoredProcessed = tolerant(ProcessedDocument).transform((document) => ({
  ...document,
  status: 'processed' as const,
}))
const StoredFailed = tolerant(FailedDocument).transform((document) => ({
  ...document,
  status: 'failed' as const,
}))
const StoredErased = tolerant(ErasedDocument).transform((document) => ({
  ...document,
  status: 'erased' as const,
}))
const StoredUnknown = tolerant(AnyDocument).transform(({ status, ...document }) => ({
  ...document,
  status: 'unknown' as const,
  statedStatus: status,
}))
export type StoredProcessed = z.infer<typeof StoredProcessed>
export type StoredFailed = z.infer<typeof StoredFailed>
export type StoredErased = z.infer<typeof StoredErased>
/** A document with a status that this version does not know; `statedStatus` is the value in the document. */
export type StoredUnknown = z.infer<typeof StoredUnknown>

/** A metadata document as it is read. This or a later version wrote it, see `Tolerant`. */
export type StoredDocument = StoredProcessed | StoredFailed | StoredErased | StoredUnknown

const READERS = new Map<string, z.ZodType<StoredDocument>>([
  ['processed', StoredProcessed],
  ['failed', StoredFailed],
  ['erased', StoredErased],
])

/** A document, or the reason why it cannot be read, for a log. */
export type ReadDocument =
  | {
      document: StoredDocument
      /** Keys that it lists as variants and that are not of this image. These variants are left out. */
      foreignKeys?: string[]
      unreadable?: undefined
    }
  | { document?: undefined; foreignKeys?: undefined; unreadable: string }

/**
 * Reads the stored text of an image's document. The document of another image is unreadable. Readers sign and delete the
 * keys of variants, so variants whose key is not one of this image's are left out.
 */
export function readDocument(text: string, image: ImageRef): ReadDocument {
  const { app, imageId } = image
  try {
    const data: unknown = JSON.parse(text)
    const stated = StoredUnknown.parse(data)
    if (stated.image_id !== imageId || stated.app !== app) {
      return { unreadable: `it belongs to image ${stated.image_id} of ${stated.app}` }
    }
    const document = READERS.get(stated.statedStatus)?.parse(data) ?? stated
    return document.status === 'processed' ? withOwnVariants(document, image) : { document }
  } catch (error) {
    return { unreadable: whyUnreadable(error) }
  }
}

function withOwnVariants(document: StoredProcessed, image: ImageRef): ReadDocument {
  const variants = document.variants.filter(({ key }) => isVariantKeyOf(image, key))
  if (variants.length === document.variants.length) return { document }
  const foreignKeys = document.variants.map(({ key }) => key).filter((key) => !isVariantKeyOf(image, key))
  return { document: { ...document, variants }, foreignKeys }
}
