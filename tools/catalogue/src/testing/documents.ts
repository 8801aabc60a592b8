import { newReceipt } from '@darkroom/bucket'
import {
  type ErasedDocument,
  type FailedDocument,
  type MetadataDocument,
  newImageId,
  PERCEPTUAL_HASH_VERSION,
  type ProcessedDocument,
  timeOf,
} from '@darkroom/core'

function arrival(image_id: string) {
  return {
    schema_version: 1 as const,
    image_id,
    app: 'web-app-1',
    accepted_at: timeOf(image_id).toISOString(),
    finished_at: new Date(timeOf(image_id).getTime() + 2000).toISOString(),
    origin: 'http' as const,
    attributes: {},
    content_type: 'image/jpeg' as const,
    bytes: 1_000_000,
    sha256: 'ab'.repeat(32),
    queued_ms: 500,
    processing_ms: 1500,
    receive_count: 1,
  }
}

/** A photograph, accepted at the time of its id, by default now. */
export function processedDocument(differences: Partial<ProcessedDocument> = {}): ProcessedDocument {
  return {
    ...arrival(differences.image_id ?? newImageId()),
    status: 'processed',
    width: 2000,
    height: 1500,
    camera_make: 'Canon',
    camera_model: 'EOS 450D',
    had_location: true,
    thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
    dominant_color: '#c08040',
    perceptual_hash: '0123456789abcdef',
    perceptual_hash_version: PERCEPTUAL_HASH_VERSION,
    preset: 'default',
    preset_version: 1,
    variants: [
      { name: 'thumb', key: 'k', content_type: 'image/webp', width: 320, height: 240, bytes: 250_000 },
    ],
    variants_bytes: 250_000,
    ...differences,
  }
}

export function failedDocument(differences: Partial<FailedDocument> = {}): FailedDocument {
  return {
    ...arrival(differences.image_id ?? newImageId()),
    status: 'failed',
    failure_type: 'corrupt-image',
    failure_detail: 'The image data ends too early.',
    ...differences,
  }
}

/** The receipt of an erased image. */
export function receiptOf({ app, image_id }: Pick<MetadataDocument, 'app' | 'image_id'>): ErasedDocument {
  return newReceipt({ app, imageId: image_id }, 'c0ffee123456', 4)
}
