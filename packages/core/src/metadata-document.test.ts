import { describe, expect, test } from '@jest/globals'
import { inputKey, processedKey, processedPrefix } from './keys.ts'
import { MetadataDocument, readDocument } from './metadata-document.ts'

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

  test('is required for a processed image', () => {
    expect(MetadataDocument.safeParse(processed).success).toBe(true)
    expect(MetadataDocument.safeParse(rest).error?.issues).toMatchObject([{ path: [field] }])
  })

  test('is optional for a failed image, and checked if present', () => {
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

const image = { app: 'web-app-2', imageId: arrival.image_id }
const erased = {
  schema_version: 1,
  image_id: arrival.image_id,
  app: arrival.app,
  accepted_at: arrival.accepted_at,
  status: 'erased',
  erased_at: '2026-11-24T10:00:00.000Z',
  erased_by: '0123456789ab',
  erased_objects: 4,
}
const stored = { ...processed, warnings: ['trailing-data'], filename: 'IMG_0001.JPG', engine: 'sharp' }
const variant = (name: string, key: string) => ({
  name,
  key,
  content_type: 'image/jxl',
  width: 1,
  height: 1,
  bytes: 1,
})
const read = (document: unknown) => readDocument(JSON.stringify(document), image)

describe('a stored document', () => {
  test.each([
    ['processed', stored],
    ['failed', { ...failed, ...reception }],
    ['refused before it was stored', failed],
    ['erased', erased],
  ])('is read unchanged: %s', (_what, document) => {
    expect(MetadataDocument.safeParse(document).success).toBe(true)
    expect(read(document)).toEqual({ document })
  })

  test('keeps the values of a later version, without the fields that are unknown', () => {
    const later = {
      ...stored,
      schema_version: 2,
      origin: 'sftp',
      engine: 'vips',
      content_type: 'image/jxl',
      warnings: ['trailing-data', 'sidecar-ignored'],
      perceptual_hash: 'ab'.repeat(16),
      attributes: { 'A key': 'x'.repeat(300) },
      variants: [variant('Thumb', `${processedPrefix(image)}Thumb.jxl`)],
    }
    expect(read({ ...later, depth_map: { near: 1 } })).toEqual({ document: later })
    const laterFailure = { ...failed, failure_type: 'too-blurred' }
    expect(read(laterFailure)).toEqual({ document: laterFailure })
  })

  test('refused: keys of variants that are not variants of this image are left out', () => {
    const own = variant('thumb', processedKey({ ...image, variant: 'thumb', extension: 'webp' }))
    const foreignKeys = [
      inputKey(image),
      inputKey({ ...image, app: 'web-app-1' }),
      own.key.replace('web-app-2', 'web-app-1'),
      own.key.replace('4e5f', '4e60'),
      own.key.replace('thumb.webp', '../thumb.webp'),
      `${processedPrefix(image)}..`,
      '',
    ]
    const variants = [own, ...foreignKeys.map((key) => variant('large', key))]
    expect(read({ ...stored, variants })).toEqual({ document: { ...stored, variants: [own] }, foreignKeys })
  })

  test.each(['quarantined', 'unknown', 'constructor'])('of the unknown status %s says so', (status) => {
    expect(read({ ...stored, status }).document).toMatchObject({
      status: 'unknown',
      statedStatus: status,
      filename: 'IMG_0001.JPG',
      sha256: reception.sha256,
    })
  })

  test.each<[string, string, RegExp]>([
    ['nothing', '', /not JSON/],
    ['text', 'no JSON', /not JSON/],
    ['a truncated document', JSON.stringify(stored).slice(0, -9), /not JSON/],
    ['an array', JSON.stringify([stored]), /object/],
    ['null', 'null', /object/],
    ['an empty object', '{}', /^image_id: /],
    ['a status that is a number', JSON.stringify({ ...stored, status: 7 }), /^status: /],
    ['a size that is text', JSON.stringify({ ...stored, bytes: '7' }), /^bytes: /],
    ['a time that is none', JSON.stringify({ ...stored, finished_at: 'later' }), /^finished_at: /],
    ['variants that are text', JSON.stringify({ ...stored, variants: 'all' }), /^variants: /],
    ['no hash', JSON.stringify({ ...stored, sha256: undefined }), /^sha256: /],
    ["another app's document", JSON.stringify({ ...stored, app: 'web-app-1' }), /web-app-1/],
    ["another image's document", JSON.stringify({ ...stored, image_id: 'x' }), /image x/],
  ])('is unreadable with a reason if it is %s', (_what, text, reason) => {
    expect(readDocument(text, image)).toEqual({ unreadable: expect.stringMatching(reason) })
  })
})
