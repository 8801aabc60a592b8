import { describe, expect, test } from '@jest/globals'
import {
  declaredTypeOf,
  isAllowedHost,
  mediaTypeOf,
  problemAnswer,
  readIdempotencyKey,
  readPreferWait,
  toProblemError,
} from './http.ts'
import { newImageId } from './image-id.ts'
import { Problem, ProblemError } from './problem.ts'

describe('Host', () => {
  test.each([
    ['localhost', true],
    ['LOCALHOST:4000', true],
    ['bucket.localhost:4566', true],
    ['127.0.0.1:4000', true],
    ['127.1.2.3', true],
    ['[::1]:4000', true],
    ['own.example:4000', true],
    ['sub.own.example', false],
    ['localhost.example', false],
    ['127.0.0.1.example', false],
    ['example/localhost', false],
    ['x@localhost', false],
    ['10.0.0.1', false],
    ['', false],
    [undefined, false],
  ])('%s: %s', (host, isAllowed) => {
    expect(isAllowedHost(host, ['own.example'])).toBe(isAllowed)
  })
})

describe('Prefer', () => {
  test.each([
    ['wait=7', 7],
    ['WAIT = "7"', 7],
    ['respond-async, wait=7; x=1', 7],
    ['wait=25', 25],
    ['wait=26', 25],
    ['wait=999999999', 25],
    [`wait=${'9'.repeat(400)}`, 25],
    ['wait=0', 0],
    [['respond-async', 'wait=7'], 7],
    ['wait', undefined],
    ['wait=-1', undefined],
    ['wait=1.5', undefined],
    ['await=7', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j', (header, seconds) => expect(readPreferWait(header)).toBe(seconds))
})

describe('Idempotency-Key', () => {
  const now = Date.UTC(2026, 10, 23, 10)
  const keyOf = (milliseconds: number) => newImageId(new Date(now + milliseconds))

  test('is undefined without a header', () => expect(readIdempotencyKey(undefined, now)).toBeUndefined())

  test.each([0, -24 * 3_600_000, 5 * 60_000])('may differ from the clock by %p ms', (milliseconds) => {
    const key = keyOf(milliseconds)
    for (const header of [key, `"${key}"`, ` ${key.toUpperCase()} `]) {
      expect(readIdempotencyKey(header, now)).toBe(key)
    }
  })

  test.each([-24 * 3_600_000 - 1, 5 * 60_000 + 1])('may not differ from it by %p ms', (milliseconds) => {
    expect(() => readIdempotencyKey(keyOf(milliseconds), now)).toThrow(/last 24 hours/)
  })

  test.each(['', 'my-key', '9b2d7f0e-6c1a-4d3b-8e5f-0a1b2c3d4e5f', [keyOf(0), keyOf(0)]])(
    'is refused as %j',
    (header) => expect(() => readIdempotencyKey(header, now)).toThrow(/UUIDv7/),
  )
})

test.each([
  ['image/jpeg', 'image/jpeg'],
  [' Image/JPEG ; q=1', 'image/jpeg'],
  ['multipart/form-data; boundary=";"', 'multipart/form-data'],
  ['', ''],
])('the media type of %j is %j', (contentType, mediaType) => expect(mediaTypeOf(contentType)).toBe(mediaType))

test.each([
  ['image/jpg; q=1', 'image/jpeg'],
  ['IMAGE/PNG', 'image/png'],
  ['image/*', undefined],
  ['application/octet-stream', undefined],
  ['', undefined],
  [undefined, undefined],
])('%j declares the type %j', (contentType, declared) => expect(declaredTypeOf(contentType)).toBe(declared))

describe('a problem', () => {
  test('has the body and headers of RFC 9457', () => {
    const error = new ProblemError('corrupt-image', 'The JPEG is cut off.')
    const { statusCode, headers, body } = problemAnswer(error, '/v1/images', 'r-1')
    expect([statusCode, headers]).toEqual([
      422,
      { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    ])
    expect(Problem.strict().parse(JSON.parse(body))).toEqual({
      type: 'urn:problem-type:darkroom:corrupt-image',
      title: 'The image is damaged',
      status: 422,
      detail: 'The JPEG is cut off.',
      instance: '/v1/images',
      requestId: 'r-1',
      retryable: false,
    })
  })

  test.each([
    ['unauthenticated', 'www-authenticate', 'Bearer realm="darkroom"'],
    ['storage-unavailable', 'retry-after', 5],
    ['rate-limited', 'retry-after', 5],
  ] as const)('%s has the header %s', (slug, name, value) => {
    expect(problemAnswer(new ProblemError(slug, ''), '/', '').headers).toMatchObject({ [name]: value })
  })

  test('of an unexpected error keeps its message for the log', () => {
    const cause = new Error('password=hunter2')
    const problem = toProblemError(cause)
    expect(problem).toMatchObject({ slug: 'internal', cause })
    expect(problemAnswer(problem, '/', '').body).not.toContain('hunter2')
    const known = new ProblemError('not-found', '')
    expect(toProblemError(known)).toBe(known)
  })
})
