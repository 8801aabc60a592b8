import * as z from 'zod'

/**
 * Every way in which Darkroom says no. The slug is stable and stands in HTTP answers (RFC 9457), in
 * metadata documents and in logs alike; `retryable` says whether the same request may succeed later.
 */
export const PROBLEMS = {
  'malformed-request': { status: 400, title: 'The request is malformed', retryable: false },
  'empty-body': { status: 400, title: 'The request has no image in it', retryable: false },
  'checksum-mismatch': {
    status: 400,
    title: 'The bytes are not those the digest speaks of',
    retryable: true,
  },
  unauthenticated: { status: 401, title: 'The credential is missing or not valid', retryable: false },
  'insufficient-scope': { status: 403, title: 'The credential does not allow this', retryable: false },
  'not-found': { status: 404, title: 'There is nothing here', retryable: false },
  'upload-incomplete': { status: 409, title: 'Not all of the image is there yet', retryable: false },
  'legal-hold': { status: 409, title: 'The image is under a legal hold', retryable: false },
  'expired-by-retention': {
    status: 410,
    title: 'The image was deleted at the end of its retention',
    retryable: false,
  },
  'payload-too-large': { status: 413, title: 'The image is too large for this way in', retryable: false },
  'unsupported-media-type': {
    status: 415,
    title: 'This is not an image of an accepted type',
    retryable: false,
  },
  'type-mismatch': { status: 415, title: 'The bytes are not of the declared type', retryable: false },
  'idempotency-key-reused': {
    status: 422,
    title: 'This key already stands for other bytes',
    retryable: false,
  },
  'image-too-large': { status: 422, title: 'The image is too large to be developed', retryable: false },
  'corrupt-image': { status: 422, title: 'The image is damaged', retryable: false },
  'too-many-frames': { status: 422, title: 'The animation has too many frames', retryable: false },
  'rate-limited': { status: 429, title: 'Too many requests', retryable: true },
  'quota-exceeded': { status: 429, title: 'The quota is used up', retryable: true },
  internal: { status: 500, title: 'Something went wrong on our side', retryable: true },
  'storage-unavailable': { status: 503, title: 'The storage does not answer', retryable: true },
  'queue-unavailable': { status: 503, title: 'The queue does not answer', retryable: true },
  'retries-exhausted': { status: 500, title: 'Processing failed again and again', retryable: true },
  'source-expired': { status: 410, title: 'The original was gone before it was processed', retryable: false },
} as const

export type ProblemSlug = keyof typeof PROBLEMS
export const ProblemSlug = z.enum(Object.keys(PROBLEMS) as [ProblemSlug])

const TYPE_PREFIX = 'urn:problem-type:darkroom:'

/** The problem's `type` (RFC 9457, section 3.1.1): a stable URI that ends in the slug. */
export function problemType(slug: ProblemSlug): string {
  return TYPE_PREFIX + slug
}

/** The body of an `application/problem+json` answer (RFC 9457). */
export const Problem = z
  .object({
    type: z
      .string()
      .meta({ description: 'A stable URI ending in the slug.', example: problemType('corrupt-image') }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened and what to do about it.' }),
    instance: z.string().optional().meta({ description: 'The path of the request.' }),
    requestId: z.string(),
    retryable: z.boolean().meta({ description: 'Whether the same request may succeed later.' }),
    imageId: z.string().optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>

/**
 * An error whose `detail` is written for the person who sent the image. Thrown in the domain; each edge
 * (HTTP, SQS, Kafka) translates it once. The technical cause, if any, is kept for the log.
 */
export class ProblemError extends Error {
  override name = 'ProblemError'
  readonly slug: ProblemSlug
  readonly detail: string

  constructor(slug: ProblemSlug, detail: string, options?: { cause?: unknown }) {
    super(`${slug}: ${detail}`, options)
    this.slug = slug
    this.detail = detail
  }

  get status(): number {
    return PROBLEMS[this.slug].status
  }

  get retryable(): boolean {
    return PROBLEMS[this.slug].retryable
  }
}
