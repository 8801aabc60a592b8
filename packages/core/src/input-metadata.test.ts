import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Attributes } from './attributes.ts'
import { Filename } from './filename.ts'
import { fromUserMetadata, hasDetails, type InputMetadata, toUserMetadata } from './input-metadata.ts'
import { anyCharacter } from './testing/any-character.ts'

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`))
const metadata: fc.Arbitrary<InputMetadata> = fc.record(
  {
    app: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
    acceptedAt: fc
      .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    sha256: hex(64),
    origin: fc.oneof(
      fc.constant({ kind: 'http' as const }),
      fc.record({
        kind: fc.constant('kafka' as const),
        topic: fc.stringMatching(/^[a-zA-Z0-9_-]{1,249}$/),
        partition: fc.nat(),
        offset: fc.maxSafeNat(),
      }),
    ),
    attributes: fc
      .dictionary(
        fc.stringMatching(/^[a-z0-9_-]{1,64}$/).filter((key) => key !== '__proto__'),
        fc.string({ unit: anyCharacter, maxLength: 60 }),
        { maxKeys: 16, noNullPrototype: true },
      )
      .filter((value) => Attributes.safeParse(value).success),
    filename: fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 255 })
      .map((raw) => Filename.safeParse(raw).data ?? 'x'),
    traceparent: fc.tuple(hex(32), hex(16), hex(2)).map((parts) => `00-${parts.join('-')}`),
  },
  { requiredKeys: ['app', 'acceptedAt', 'sha256', 'origin', 'attributes'] },
)

/** The size by the strictest count: some servers include the whole header name. */
const sizeOf = (user: Record<string, string>) =>
  Object.entries(user).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(`x-amz-meta-${name}${value}`),
    0,
  )

const image = { app: 'web-app-1', imageId: '019ab2f4-5c00-7000-8000-0a1b2c3d4e5f' }
const plain: InputMetadata = {
  app: 'web-app-1',
  acceptedAt: '2026-11-23T10:00:00.000Z',
  sha256: 'ab'.repeat(32),
  origin: { kind: 'http' },
  attributes: {},
}

/** Every value at its limit, in scripts that need the most bytes. */
const longest: InputMetadata = {
  app: 'a'.repeat(32),
  acceptedAt: '9999-12-31T23:59:59.999Z',
  sha256: 'f'.repeat(64),
  origin: {
    kind: 'kafka',
    topic: 't'.repeat(249),
    partition: 2 ** 31 - 1,
    offset: Number.MAX_SAFE_INTEGER,
  },
  filename: '写'.repeat(85),
  attributes: { a: '😀'.repeat(128), b: '😀'.repeat(124) },
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
}

describe('input metadata as S3 user metadata', () => {
  test('round-trips', () => {
    fc.assert(
      fc.property(metadata, (some) => {
        const { filename, ...rest } = some
        const back = fromUserMetadata(toUserMetadata(some), { ...image, app: some.app })
        expect({ ...back, filename: undefined }).toEqual({ ...rest, filename: undefined })
        expect(filename === undefined || filename.startsWith(back.filename ?? 'none')).toBe(true)
        const hasRoom = sizeOf(toUserMetadata({ ...some, filename: 'x'.repeat(255) })) < 2044
        if (hasRoom || filename === undefined) expect(back.filename).toBe(filename)
      }),
    )
  })

  test('is printable US-ASCII of at most 2 KB', () => {
    fc.assert(
      fc.property(metadata, (some) => {
        const user = toUserMetadata(some)
        expect(Object.values(user).join('')).toMatch(/^[\x21-\x7e]*$/)
        expect(sizeOf(user)).toBeLessThanOrEqual(2048)
      }),
    )
  })

  test('fits into 2 KB with every value at its limit, because the filename is cut', () => {
    expect(Buffer.byteLength(JSON.stringify(longest.attributes))).toBeGreaterThan(1020)
    expect(Attributes.parse(longest.attributes)).toEqual(longest.attributes)
    const user = toUserMetadata(longest)
    expect(sizeOf(user)).toBeLessThanOrEqual(2048)
    const { filename, ...rest } = fromUserMetadata(user, { ...image, app: longest.app })
    expect({ ...rest, filename: longest.filename }).toEqual(longest)
    expect(filename).toMatch(/^写{20,84}$/)
  })

  test('does not cut the filename of an HTTP upload', () => {
    const overHttp = { ...longest, origin: plain.origin }
    expect(fromUserMetadata(toUserMetadata(overHttp), { ...image, app: longest.app })).toEqual(overHttp)
  })

  test('is readable for a person, except for text from users', () => {
    const origin = { kind: 'kafka', topic: 'images', partition: 3, offset: 15 } as const
    expect(toUserMetadata({ ...plain, origin })).toMatchObject({
      app: 'web-app-1',
      'accepted-at': '2026-11-23T10:00:00.000Z',
      sha256: 'ab'.repeat(32),
      origin: 'kafka:images:3:15',
    })
  })

  test('of a later version is passed on', () => {
    const user = { ...toUserMetadata(plain), origin: 'sftp:example.com', tenant: 'x' }
    expect(fromUserMetadata(user, image)).toEqual({ ...plain, origin: { kind: 'sftp' } })
  })

  const empty = {
    app: image.app,
    acceptedAt: '2025-11-23T23:02:30.144Z',
    sha256: undefined,
    origin: { kind: 'unknown' },
    attributes: {},
  }
  test.each([
    ['no metadata', undefined, empty],
    ['none of ours', { app: '../x', 'accepted-at': 'later', sha256: 'x' }, empty],
    ['no attributes', { ...toUserMetadata(plain), attributes: '' }, plain],
    ['attributes that are not JSON', { ...toUserMetadata(plain), attributes: 'AAAA' }, plain],
    [
      'an origin without an offset',
      { ...toUserMetadata(plain), origin: 'kafka:images:3' },
      { ...plain, origin: { kind: 'kafka' } },
    ],
  ])('is read from an object with %s as far as it goes', (_what, user, expected) => {
    expect(fromUserMetadata(user, image)).toEqual(expected)
  })
})

test('an original has the details it was sent with, and no others', () => {
  fc.assert(
    fc.property(metadata, fc.stringMatching(/^[a-z]+$/), (sent, other) => {
      const original = fromUserMetadata(toUserMetadata(sent), image)
      expect(hasDetails(original, sent)).toBe(true)
      const { filename = '', attributes } = sent
      expect(hasDetails(original, { attributes, filename: `${other}${filename}` })).toBe(false)
      expect(
        hasDetails(original, { filename: sent.filename, attributes: { ...attributes, '': other } }),
      ).toBe(false)
    }),
  )
})
