import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { newImageId } from './image-id.ts'
import {
  claimKey,
  collectedKey,
  collectedPrefix,
  credentialKey,
  erasureKey,
  eventKey,
  eventOf,
  hashKey,
  heldPrefix,
  holdKey,
  inputKey,
  inputPrefix,
  lastUseKey,
  metadataKey,
  metadataPrefix,
  OUTCOMES,
  parseClaimKey,
  parseCollectedKey,
  parseCredentialKey,
  parseErasureKey,
  parseEventKey,
  parseHashKey,
  parseInputKey,
  parseLastUseKey,
  parseMetadataKey,
  parseProcessedKey,
  parseRejectedKey,
  parseS3Uri,
  parseSettingsKey,
  parseStoredKey,
  parseUploadKey,
  processedKey,
  processedPrefix,
  rejectedKey,
  s3Uri,
  settingsKey,
  storedPrefix,
  uploadKey,
  uploadPrefix,
} from './keys.ts'
import { anyCharacter } from './testing/any-character.ts'

const imageId = '019ab2f4-5c00-7000-8000-0a1b2c3d4e5f'
const date = '2025-11-23'
const image = { app: 'web-app-1', imageId }
const bytes = { app: 'web-app-1', sha256: 'b5'.repeat(32) }
const file = { kind: OUTCOMES, time: '2026-11-29T10:05:03.123Z', file: '0a1b2c3d' }

const app = fc.stringMatching(/^[a-z0-9-]{1,32}$/)
const id = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }).map((time) => newImageId(new Date(time)))
const variant = fc.record({
  app,
  imageId: id,
  variant: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
  development: fc.option(fc.stringMatching(/^[0-9a-f]{8}-[a-z0-9-]{1,32}-v[0-9]{1,9}$/), { nil: undefined }),
  extension: fc.constantFrom('jpg' as const, 'webp' as const),
})
const rejectedParts = {
  topic: fc.stringMatching(/^[a-zA-Z0-9._-]{1,249}$/).filter((topic) => !/^\.\.?$/.test(topic)),
  date: id.map((some) => inputKey({ app: 'a', imageId: some }).split('/')[2] ?? ''),
  partition: fc.nat(),
  offset: fc.maxSafeNat(),
}
const rejected = fc.record(rejectedParts)
const rejectedList = fc.record({ ...rejectedParts, last: fc.maxSafeNat() })

/** What somebody might pass as a part, valid parts included. */
const anything = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.string({ unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'f', 'a', '-', '=', '\n', '\0', 'é') }),
  fc.constantFrom(
    '',
    '..',
    '../',
    '../../x',
    '%2e%2e%2f',
    'a/b',
    'a\n',
    '\na',
    'a\u2028',
    'A',
    'a'.repeat(250),
  ),
  fc.constantFrom(`${imageId}\n`, `${imageId}/..`, imageId.toUpperCase(), `../${imageId}`, '2025-02-30'),
  fc.constantFrom('web-app-1', 'thumb', 'images.web-app-2', imageId, date, 'jpg', '0a1b2c3d'),
  app,
  id,
)

describe('the layout of the bucket', () => {
  test('is the documented one', () => {
    expect(inputKey(image)).toBe(`input/web-app-1/${date}/${imageId}`)
    expect(processedKey({ ...image, variant: 'thumb', extension: 'webp' })).toBe(
      `processed/web-app-1/${date}/${imageId}/thumb.webp`,
    )
    expect(metadataKey(image)).toBe(`metadata/app=web-app-1/dt=${date}/${imageId}.json`)
    expect(rejectedKey({ topic: 'images.web-app-2', date, partition: 3, offset: 15 })).toBe(
      `rejected/images.web-app-2/${date}/3-15`,
    )
    expect(claimKey(image)).toBe(`claims/web-app-1/${date}/${imageId}`)
    expect(uploadKey({ ...image, bytes: 31_457_280 })).toBe(`uploads/web-app-1/${date}/${imageId}/31457280`)
    expect(hashKey(bytes)).toBe(`hashes/web-app-1/${bytes.sha256}`)
    expect(eventKey(eventOf(image))).toBe('events/web-app-1/000-8000-0a1b2c3d4e5f')
    expect(holdKey(image)).toBe(`held/web-app-1/${date}/${imageId}/hold.json`)
    expect(collectedKey(file)).toBe(
      'collected/outcomes/hour=2026-11-29T10/20261129T100503123Z-0a1b2c3d.json.gz',
    )
    expect(s3Uri('darkroom', 'input/x')).toBe('s3://darkroom/input/x')
  })

  test('every key starts with its prefix', () => {
    expect(inputKey(image).startsWith(inputPrefix(image.app, date))).toBe(true)
    expect(metadataKey(image).startsWith(metadataPrefix(image.app, date))).toBe(true)
    expect(
      processedKey({ ...image, variant: 'a', extension: 'jpg' }).startsWith(processedPrefix(image)),
    ).toBe(true)
    expect(uploadKey({ ...image, bytes: 1 }).startsWith(uploadPrefix(image))).toBe(true)
    expect(holdKey(image).startsWith(heldPrefix(image))).toBe(true)
  })
})

describe('each parser is the inverse of its builder', () => {
  test('input', () => {
    fc.assert(
      fc.property(fc.record({ app, imageId: id }), (ref) =>
        expect(parseInputKey(inputKey(ref))).toEqual(ref),
      ),
    )
  })
  test('processed', () => {
    fc.assert(fc.property(variant, (ref) => expect(parseProcessedKey(processedKey(ref))).toEqual(ref)))
  })
  test('erasure', () => {
    fc.assert(
      fc.property(fc.record({ app, imageId: id, request: fc.uuid() }), (ref) =>
        expect(parseErasureKey(erasureKey(ref))).toEqual(ref),
      ),
    )
  })
  test('metadata', () => {
    fc.assert(
      fc.property(fc.record({ app, imageId: id }), (ref) =>
        expect(parseMetadataKey(metadataKey(ref))).toEqual(ref),
      ),
    )
  })
  test('rejected', () => {
    const refs = fc.oneof(rejected, rejectedList)
    fc.assert(fc.property(refs, (ref) => expect(parseRejectedKey(rejectedKey(ref))).toEqual(ref)))
  })
  test('claim', () => {
    fc.assert(
      fc.property(fc.record({ app, imageId: id }), (ref) =>
        expect(parseClaimKey(claimKey(ref))).toEqual(ref),
      ),
    )
  })
  test('upload', () => {
    const owner = fc.stringMatching(/^[0-9a-f]{32}$/)
    const upload = fc.record(
      { app, imageId: id, bytes: fc.integer({ min: 1 }), owner },
      { requiredKeys: ['app', 'imageId', 'bytes'] },
    )
    fc.assert(fc.property(upload, (ref) => expect(parseUploadKey(uploadKey(ref))).toEqual(ref)))
  })
  test('hash', () => {
    const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/)
    fc.assert(
      fc.property(fc.record({ app, sha256 }), (ref) => expect(parseHashKey(hashKey(ref))).toEqual(ref)),
    )
  })
  test('event', () => {
    fc.assert(
      fc.property(fc.record({ app, imageId: id }), (ref) =>
        expect(parseEventKey(eventKey(eventOf(ref)))).toEqual(eventOf(ref)),
      ),
    )
  })
  test('credential and last use', () => {
    const keyId = fc.stringMatching(/^[0-9a-f]{16}$/)
    fc.assert(
      fc.property(fc.record({ keyId }), (ref) => {
        expect(parseCredentialKey(credentialKey(ref))).toEqual(ref)
        expect(parseLastUseKey(lastUseKey(ref))).toEqual(ref)
        expect(parseCredentialKey(lastUseKey(ref))).toBeUndefined()
      }),
    )
  })
  test('settings', () => {
    fc.assert(
      fc.property(fc.record({ app }), (ref) => expect(parseSettingsKey(settingsKey(ref))).toEqual(ref)),
    )
  })
  test('collected files, which sort by time within a kind', () => {
    const time = fc.date({ min: new Date(0), max: new Date('9999-01-01T00:00:00Z'), noInvalidDate: true })
    const ref = fc.record({
      kind: fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,63}$/),
      time: time.map((some) => some.toISOString()),
      file: fc.stringMatching(/^[0-9a-f]{8}$/),
    })
    fc.assert(
      fc.property(ref, time, (ref, other) => {
        const key = collectedKey(ref)
        expect(parseCollectedKey(key)).toEqual(ref)
        expect(key.startsWith(collectedPrefix(ref.kind))).toBe(true)
        expect(parseStoredKey(key)).toEqual({ kind: 'collected' })
        const later = collectedKey({ ...ref, time: other.toISOString() })
        if (ref.time < other.toISOString()) expect(key < later).toBe(true)
      }),
    )
  })
  test('kind and app of any key', () => {
    fc.assert(
      fc.property(app, id, (someone, imageId) => {
        const ref = { app: someone, imageId }
        const keys = {
          input: inputKey(ref),
          processed: processedKey({ ...ref, variant: 'thumb', extension: 'jpg' }),
          metadata: metadataKey(ref),
          claims: claimKey(ref),
          uploads: uploadKey({ ...ref, bytes: 1 }),
          hashes: hashKey({ app: someone, sha256: bytes.sha256 }),
          events: eventKey(eventOf(ref)),
        } as const
        for (const [kind, key] of Object.entries(keys) as [keyof typeof keys, string][]) {
          expect(parseStoredKey(key)).toEqual({ kind, app: someone })
          expect(parseStoredKey(storedPrefix(kind, someone))).toEqual({ kind, app: someone })
          expect(key.startsWith(storedPrefix(kind, someone))).toBe(true)
          expect(key.startsWith(storedPrefix(kind))).toBe(true)
        }
      }),
    )
    expect(parseStoredKey(rejectedKey(record))).toEqual({ kind: 'rejected' })
    for (const key of ['elsewhere/a/x', 'metadata/a/x', 'input/', 'input/A/x', '']) {
      expect([key, parseStoredKey(key)]).toEqual([key, undefined])
    }
  })
  test('s3 URI, with any key', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9.-]{3,63}$/),
        fc.string({ unit: anyCharacter, minLength: 1 }),
        (bucket, key) => {
          expect(parseS3Uri(s3Uri(bucket, key))).toEqual({ bucket, key })
        },
      ),
    )
  })
})

const APP = '[a-z0-9-]{1,32}'
const DAY = String.raw`\d{4}-\d{2}-\d{2}`
const ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const INPUT = new RegExp(`^input/${APP}/${DAY}/${ID}$`)
const PROCESSED = new RegExp(`^processed/${APP}/${DAY}/${ID}/[a-z0-9-]{1,32}\\.(?:jpg|webp)$`)
const METADATA = new RegExp(`^metadata/app=${APP}/dt=${DAY}/${ID}\\.json$`)
const CLAIM = new RegExp(`^claims/${APP}/${DAY}/${ID}$`)
const HOLD = new RegExp(`^held/${APP}/${DAY}/${ID}/hold\\.json$`)
const UPLOAD = new RegExp(`^uploads/${APP}/${DAY}/${ID}/\\d+(?:-[0-9a-f]{32})?$`)
const HASH = new RegExp(`^hashes/${APP}/[0-9a-f]{64}$`)
const EVENT = new RegExp(`^events/${APP}/[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`)
const REJECTED = new RegExp(`^rejected/(?!\\.{1,2}/)[a-zA-Z0-9._-]{1,249}/${DAY}/\\d+-\\d+$`)

const COLLECTED =
  /^collected\/[a-z0-9][a-z0-9.-]{0,63}\/hour=2026-11-29T10\/20261129T100503123Z-[0-9a-f]{8}\.json\.gz$/

const thumb = { ...image, variant: 'thumb', extension: 'jpg' as const }
const record = { topic: 'images', date, partition: 0, offset: 0 }

describe('no part can reach outside its prefix', () => {
  test.each<[string, RegExp, (part: string) => string]>([
    ['the app of an input', INPUT, (part) => inputKey({ app: part, imageId })],
    ['the id of an input', INPUT, (part) => inputKey({ app: 'a', imageId: part })],
    ['the app of a variant', PROCESSED, (part) => processedKey({ ...thumb, app: part })],
    ['the id of a variant', PROCESSED, (part) => processedKey({ ...thumb, imageId: part })],
    ['the name of a variant', PROCESSED, (part) => processedKey({ ...thumb, variant: part })],
    ['the extension of a variant', PROCESSED, (part) => processedKey({ ...thumb, extension: part as 'jpg' })],
    ['the app of a document', METADATA, (part) => metadataKey({ app: part, imageId })],
    ['the id of a document', METADATA, (part) => metadataKey({ app: 'a', imageId: part })],
    ['the app of a claim', CLAIM, (part) => claimKey({ app: part, imageId })],
    ['the id of a claim', CLAIM, (part) => claimKey({ app: 'a', imageId: part })],
    ['the app of a hold', HOLD, (part) => holdKey({ app: part, imageId })],
    ['the id of a hold', HOLD, (part) => holdKey({ app: 'a', imageId: part })],
    ['the app of an upload', UPLOAD, (part) => uploadKey({ app: part, imageId, bytes: 1 })],
    ['the id of an upload', UPLOAD, (part) => uploadKey({ app: 'a', imageId: part, bytes: 1 })],
    ['the app of a hash', HASH, (part) => hashKey({ ...bytes, app: part })],
    ['the app of an event', EVENT, (part) => eventKey({ app: part, digest: imageId.slice(15) })],
    ['the topic of a rejected record', REJECTED, (part) => rejectedKey({ ...record, topic: part })],
    ['the kind of a collected file', COLLECTED, (part) => collectedKey({ ...file, kind: part })],
    ['the number of a collected file', COLLECTED, (part) => collectedKey({ ...file, file: part })],
    ['the date of a rejected record', REJECTED, (part) => rejectedKey({ ...record, date: part })],
    [
      'the app of an input prefix',
      /^input\/[a-z0-9-]{1,32}\/2025-11-23\/$/,
      (part) => inputPrefix(part, date),
    ],
    ['the date of an input prefix', new RegExp(`^input/a/${DAY}/$`), (part) => inputPrefix('a', part)],
    [
      'the app of a document prefix',
      /^metadata\/app=[a-z0-9-]{1,32}\/dt=2025-11-23\/$/,
      (part) => metadataPrefix(part, date),
    ],
    [
      'the app of a variant prefix',
      /^processed\/[a-z0-9-]{1,32}\/2025-11-23\//,
      (part) => processedPrefix({ app: part, imageId }),
    ],
  ])('%s', (_place, shape, build) => {
    let built = 0
    fc.assert(
      fc.property(anything, (part) => {
        const key = buildOrRefuse(() => build(part))
        if (key === undefined) return
        built += 1
        expect(key).toMatch(shape)
        expect(key).toContain(part)
      }),
      { numRuns: 500 },
    )
    expect(built).toBeGreaterThan(0)
  })

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'a partition or offset of %p',
    (count) => {
      expect(() => rejectedKey({ ...record, partition: count })).toThrow()
      expect(() => rejectedKey({ ...record, offset: count })).toThrow()
      expect(() => rejectedKey({ ...record, last: count })).toThrow()
    },
  )
})

function buildOrRefuse(build: () => string): string | undefined {
  try {
    return build()
  } catch (error) {
    expect(error).toHaveProperty('name', 'ZodError')
    return undefined
  }
}

describe('a parser accepts only keys that its builder makes', () => {
  const parsers = [
    ['input', inputKey(image), parseInputKey, inputKey],
    ['processed', processedKey(thumb), parseProcessedKey, processedKey],
    ['metadata', metadataKey(image), parseMetadataKey, metadataKey],
    ['claim', claimKey(image), parseClaimKey, claimKey],
    ['upload', uploadKey({ ...image, bytes: 10 }), parseUploadKey, uploadKey],
    ['rejected', rejectedKey(record), parseRejectedKey, rejectedKey],
    ['hash', hashKey(bytes), parseHashKey, hashKey],
    ['event', eventKey(eventOf(image)), parseEventKey, eventKey],
    ['collected', collectedKey(file), parseCollectedKey, collectedKey],
  ] as [string, string, (key: string) => object | undefined, (ref: object) => string][]

  test.each(parsers)('%s: strings', (_name, _key, parse) => {
    fc.assert(fc.property(anything, (text) => expect(parse(text)).toBeUndefined()))
  })

  test.each(parsers)('%s: keys with something before or after', (_name, key, parse) => {
    for (const wrong of [`${key}\n`, `\n${key}`, `/${key}`, `${key}/`, `${key}/x`, `x/${key}`, ` ${key}`]) {
      expect([wrong, parse(wrong)]).toEqual([wrong, undefined])
    }
  })

  test.each(parsers)('%s: a key of another kind', (name, _key, parse) => {
    for (const [other, key] of parsers) if (other !== name) expect(parse(key)).toBeUndefined()
  })

  test.each(parsers)('%s: a key with one character changed', (_name, key, parse, build) => {
    const change = fc.tuple(fc.nat(key.length - 1), fc.string({ unit: anyCharacter, maxLength: 1 }))
    fc.assert(
      fc.property(change, ([at, character]) => {
        const changed = key.slice(0, at) + character + key.slice(at + 1)
        const ref = parse(changed)
        if (ref !== undefined) expect(build(ref)).toBe(changed)
      }),
      { numRuns: 500 },
    )
  })

  test.each(parsers.slice(0, 5))("%s: a date that is not the id's own", (_name, key, parse) => {
    expect(parse(key)).toBeDefined()
    expect(parse(key.replace(date, '2025-11-24'))).toBeUndefined()
  })

  test('rejected: a date that does not exist, numbers in another notation', () => {
    for (const tail of [
      '2025-02-30/0-0',
      '2025-11-23/00-0',
      '2025-11-23/0-+1',
      '2025-11-23/0-1e3',
      '2025-11-23/0-1-02',
    ]) {
      expect([tail, parseRejectedKey(`rejected/images/${tail}`)]).toEqual([tail, undefined])
    }
  })

  test.each(['', 's3://', 's3://b', 's3://bucket', 's3://bucket/', 'https://bucket/key', 's3://UPPER/key'])(
    's3 URI: %p',
    (uri) => expect(parseS3Uri(uri)).toBeUndefined(),
  )
})
