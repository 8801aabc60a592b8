import { expect, test } from '@jest/globals'
import { PROBLEMS, ProblemError, ProblemSlug, problemType } from './problem.ts'

/** The published table: a slug that changes its name or status breaks a client. */
const PUBLISHED: Record<string, number> = {
  'malformed-request': 400,
  'empty-body': 400,
  'checksum-mismatch': 400,
  'clock-skew': 400,
  unauthenticated: 401,
  'insufficient-scope': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'upload-incomplete': 409,
  'legal-hold': 409,
  erased: 410,
  'expired-by-retention': 410,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'type-mismatch': 415,
  'idempotency-key-reused': 422,
  'image-too-large': 422,
  'corrupt-image': 422,
  'too-many-frames': 422,
  'rate-limited': 429,
  'quota-exceeded': 429,
  internal: 500,
  'document-unreadable': 500,
  'storage-unavailable': 503,
}

/** Only metadata documents have these; no request is answered with them. */
const FROM_PROCESSING = ['retries-exhausted', 'source-expired']

test('the slugs and their statuses are the published ones', () => {
  const answered = Object.entries(PROBLEMS).filter(([slug]) => !FROM_PROCESSING.includes(slug))
  expect(Object.fromEntries(answered.map(([slug, { status }]) => [slug, status]))).toEqual(PUBLISHED)
  expect(Object.keys(PROBLEMS)).toEqual(expect.arrayContaining(FROM_PROCESSING))
  expect(ProblemSlug.options.toSorted()).toEqual(Object.keys(PROBLEMS).toSorted())
})

test.each(ProblemSlug.options)(
  '%s: its type ends in the slug, its title and description are sentences without a full stop',
  (slug) => {
    expect(new URL(problemType(slug)).href).toMatch(new RegExp(`[:/]${slug}$`))
    expect(PROBLEMS[slug].title).toMatch(/^[A-Z].*[^.]$/)
    expect(PROBLEMS[slug].description).toMatch(/^[A-Z`].*[^.]$/)
  },
)

test('an error of the client is not retryable, an error of ours is', () => {
  for (const slug of ProblemSlug.options) {
    const { status, retryable } = PROBLEMS[slug]
    // A damaged document stays damaged.
    if (slug === 'document-unreadable') continue
    if (status >= 500 || status === 429) expect([slug, retryable]).toEqual([slug, true])
    if ([401, 403, 404, 410, 413, 415, 422].includes(status)) expect([slug, retryable]).toEqual([slug, false])
  }
})

test('an error has its slug, the text for the client and the cause', () => {
  const cause = new Error('ECONNREFUSED')
  const error = new ProblemError('storage-unavailable', 'Try again.', { cause })
  expect(error).toMatchObject({
    name: 'ProblemError',
    message: 'storage-unavailable: Try again.',
    slug: 'storage-unavailable',
    status: 503,
    retryable: true,
    detail: 'Try again.',
    cause,
  })
})
