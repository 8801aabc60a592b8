import { describe, expect, test } from '@jest/globals'
import { MetadataDocument } from './metadata-document.ts'

const arrival = {
  schema_version: 1,
  image_id: '019ab2f4-5c00-7000-8000-0a1b2c3d4e5f',
  app: 'web-app-2',
  accepted_at: '2026-11-23T10:00:00.000Z',
  finished_at: '2026-11-23T10:00:00.900Z',
  origin: 'kafka',
  attributes: {},
}
const reception = {
  content_type: 'image/jpeg',
  bytes: 7,
  sha256: 'ab'.repeat(32),
  queued_ms: 300,
  processing_ms: 600,
  receive_count: 1,
}
const development = {
  width: 4,
  height: 3,
  had_location: false,
  thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
  dominant_color: '#c08040',
  perceptual_hash: '0123456789abcdef',
  preset: 'default',
  preset_version: 1,
  variants: [],
  variants_bytes: 0,
}
const failed = { ...arrival, status: 'failed', failure_type: 'empty-body', failure_detail: 'No value.' }
const processed = { ...arrival, ...reception, ...development, status: 'processed' }

describe.each(Object.keys(reception))('%s', (field) => {
  const { [field]: _, ...rest } = processed as Record<string, unknown>

  test('is there of an image that was processed', () => {
    expect(MetadataDocument.safeParse(processed).success).toBe(true)
    expect(MetadataDocument.safeParse(rest).error?.issues).toMatchObject([{ path: [field] }])
  })

  test('may be missing of one that failed, and is checked where it is not', () => {
    expect(MetadataDocument.parse(failed)).toEqual(failed)
    expect(MetadataDocument.parse({ ...failed, ...reception })).toMatchObject(reception)
    expect(MetadataDocument.safeParse({ ...failed, [field]: -1 }).success).toBe(false)
  })
})

test.each(['failure_type', 'failure_detail', 'image_id', 'accepted_at'])(
  'a failure is never without %s',
  (field) => {
    const { [field]: _, ...rest } = failed as Record<string, unknown>
    expect(MetadataDocument.safeParse(rest).success).toBe(false)
  },
)
