import type { FailedDocument, ImageRef, ProcessedDocument } from '@darkroom/core'
import { processedKey, timeOf } from '@darkroom/core'

const arrivalOf = ({ app, imageId }: ImageRef) => ({
  schema_version: 1 as const,
  image_id: imageId,
  app,
  accepted_at: timeOf(imageId).toISOString(),
  finished_at: new Date(timeOf(imageId).getTime() + 900).toISOString(),
  origin: 'http' as const,
  filename: 'IMG_0001.JPG',
  attributes: { album: 'summer' },
  content_type: 'image/jpeg' as const,
  bytes: 733_428,
  sha256: 'cd'.repeat(32),
  queued_ms: 300,
  processing_ms: 600,
  receive_count: 1,
})

/** The document of a processed image. */
export function processedDocument(image: ImageRef): ProcessedDocument {
  const variants = [
    { name: 'large', extension: 'jpg' as const, content_type: 'image/jpeg', width: 800, height: 600 },
    { name: 'medium', extension: 'jpg' as const, content_type: 'image/jpeg', width: 800, height: 600 },
    { name: 'thumb', extension: 'webp' as const, content_type: 'image/webp', width: 320, height: 240 },
  ]
  return {
    ...arrivalOf(image),
    status: 'processed',
    width: 800,
    height: 600,
    taken_at: '2026-11-22T17:03:04',
    camera_make: 'Canon',
    camera_model: 'EOS 450D',
    lens: 'EF50mm f/1.8 II',
    focal_length_mm: 50,
    exposure_seconds: 0.004,
    aperture: 2.8,
    iso: 100,
    flash_fired: false,
    software: 'Firmware 1.1.0',
    orientation: 6,
    had_location: true,
    thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
    dominant_color: '#c08040',
    perceptual_hash: '0123456789abcdef',
    preset: 'default',
    preset_version: 1,
    variants: variants.map(({ extension, ...variant }) => ({
      ...variant,
      key: processedKey({ ...image, variant: variant.name, extension }),
      bytes: 5,
    })),
    variants_bytes: 15,
    warnings: ['trailing-data'],
  }
}

/** The document of an image that could not be processed. */
export function failedDocument(image: ImageRef): FailedDocument {
  return {
    ...arrivalOf(image),
    status: 'failed',
    failure_type: 'corrupt-image',
    failure_detail: 'The image data ends too early.',
  }
}

/** The document that the Kafka bridge writes for a refused record: without anything about the original. */
export function refusedDocument({ app, imageId }: ImageRef): FailedDocument {
  const refusedAt = timeOf(imageId).toISOString()
  return {
    schema_version: 1,
    image_id: imageId,
    app,
    accepted_at: refusedAt,
    finished_at: refusedAt,
    origin: 'kafka',
    kafka_topic: 'images.web-app-2',
    kafka_partition: 0,
    kafka_offset: 15,
    attributes: {},
    status: 'failed',
    failure_type: 'source-expired',
    failure_detail: 'data.ref leads to no object, or to an archived one.',
  }
}
