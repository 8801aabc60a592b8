import * as z from 'zod'

interface ProblemEntry {
  /** The HTTP status. */
  status: number
  title: string
  /** When it happens, for the documentation: the OpenAPI document and docs/api.md show it. */
  description: string
  /** Whether the same request may succeed later. */
  retryable: boolean
}

/**
 * Every reason why Darkroom refuses or fails. HTTP answers (RFC 9457), metadata documents and logs use the same slugs, and
 * a slug never changes.
 */
export const PROBLEMS = {
  'malformed-request': {
    status: 400,
    title: 'The request is malformed',
    description: 'The JSON, form, header, attributes or query is invalid; `detail` names the field',
    retryable: false,
  },
  'empty-body': {
    status: 400,
    title: 'The request contains no image',
    description: 'The body is empty, or the form has no part named `file`',
    retryable: false,
  },
  'checksum-mismatch': {
    status: 400,
    title: 'The digest does not match the bytes',
    description: 'The bytes do not match `Repr-Digest` or `sha256`; send them again',
    retryable: true,
  },
  'clock-skew': {
    status: 400,
    title: 'The time in the Idempotency-Key is not accepted',
    description:
      'The key is over 24 hours old or over 5 minutes ahead; correct the clock by `serverTime` and make a new key',
    retryable: false,
  },
  unauthenticated: {
    status: 401,
    title: 'The credential is missing or invalid',
    description:
      'The credential is missing, malformed, unknown, expired or revoked, or a JWT is not accepted; `detail` says why',
    retryable: false,
  },
  'insufficient-scope': {
    status: 403,
    title: 'The credential does not allow this',
    description: 'The credential lacks the scope for this request',
    retryable: false,
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    description: "The image, upload or route does not exist, or the image is another app's or uploader's",
    retryable: false,
  },
  'method-not-allowed': {
    status: 405,
    title: 'The path does not allow this method',
    description: 'The path exists, but not with this method; `Allow` names those it has',
    retryable: false,
  },
  'upload-incomplete': {
    status: 409,
    title: 'The upload is incomplete',
    description: '`complete` was called before all parts of a multipart upload were in S3',
    retryable: false,
  },
  'legal-hold': {
    status: 409,
    title: 'The image is under a legal hold',
    description: 'The image must be kept and cannot be erased',
    retryable: false,
  },
  erased: {
    status: 410,
    title: 'The image was erased',
    description: 'The image of this key was erased; make a new key to upload it again',
    retryable: false,
  },
  'expired-by-retention': {
    status: 410,
    title: 'The image was deleted at the end of its retention',
    description: 'The image, or the day of the list, is older than the retention period',
    retryable: false,
  },
  'payload-too-large': {
    status: 413,
    title: 'The file is too large',
    description: 'More than 4 MB in one request, more than 50 MB through S3, or more than the token allows',
    retryable: false,
  },
  'unsupported-media-type': {
    status: 415,
    title: "This file type isn't supported",
    description:
      'The bytes are not of an accepted image type, or the `Content-Type` or `Content-Encoding` is not supported',
    retryable: false,
  },
  'type-mismatch': {
    status: 415,
    title: 'The bytes do not match the declared type',
    description: 'The declared content type differs from the type found in the bytes',
    retryable: false,
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was used for another image',
    description: 'Other bytes, or another file name or other attributes, were accepted with this key',
    retryable: false,
  },
  'image-too-large': {
    status: 422,
    title: 'The image is too large to process',
    description: 'Too many pixels, a side over 65,535 pixels, or more than 400 MB of memory to decode',
    retryable: false,
  },
  'corrupt-image': {
    status: 422,
    title: 'The image is damaged',
    description: 'The header is unreadable or contradicts itself, or the file is cut off',
    retryable: false,
  },
  'too-many-frames': {
    status: 422,
    title: 'The animation has too many frames',
    description: 'The animation has more than 1,000 frames',
    retryable: false,
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    description:
      'The app sends more images, bytes or requests a second than it may; `Retry-After` says when to try again',
    retryable: true,
  },
  'quota-exceeded': {
    status: 429,
    title: 'The quota is used up',
    description:
      'The app has used its images, bytes or pixels of the day; `Retry-After` says when to try again',
    retryable: true,
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    description: 'An unexpected error; try again',
    retryable: true,
  },
  'storage-unavailable': {
    status: 503,
    title: 'Storage is unavailable',
    description: 'S3, or the issuer of a JWT, does not respond; retry with the same key',
    retryable: true,
  },
  'document-unreadable': {
    status: 500,
    title: "The image's record cannot be read",
    description: "The image's metadata document is damaged; the image can still be erased",
    retryable: false,
  },
  'retries-exhausted': {
    status: 500,
    title: 'Processing failed repeatedly',
    description: 'The image is kept, and an operator can retry it',
    retryable: true,
  },
  'source-expired': {
    status: 410,
    title: 'The original was deleted before it was processed',
    description: 'The original was deleted before it was processed; upload it again',
    retryable: false,
  },
} as const satisfies Record<string, ProblemEntry>

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
      .meta({ description: 'A stable URI that ends in the slug.', example: problemType('corrupt-image') }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened and what to do about it.' }),
    instance: z.string().optional().meta({ description: 'The path of the request.' }),
    requestId: z.string(),
    serverTime: z.iso
      .datetime()
      .optional()
      .meta({ description: "With `clock-skew`: the server's time, to correct the client's clock by." }),
    retryable: z.boolean().meta({ description: 'Whether the same request may succeed later.' }),
    imageId: z.string().optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>

interface ProblemErrorOptions {
  /** The technical reason, for the log. */
  cause?: unknown
  /** Further headers of the HTTP answer, such as `Allow`. */
  headers?: Record<string, string>
  /** Further members of the HTTP answer. */
  members?: Pick<Problem, 'serverTime'>
  /** What the problem is about. */
  content?: RefusedContent
}

/** What is known about the content that a problem is about. Never the content itself, nor its name. */
export interface RefusedContent {
  bytes?: number | undefined
  /** The media type that its sender declared. */
  declaredType?: string | undefined
  /** The media type found in the bytes. */
  foundType?: string | undefined
}

/**
 * An error whose `detail` is written for the person who sent the image. The domain throws it; each edge
 * (HTTP, SQS, Kafka) translates it once. `cause` keeps the technical reason for the log.
 */
export class ProblemError extends Error {
  override name = 'ProblemError'
  readonly slug: ProblemSlug
  readonly detail: string
  readonly headers: Record<string, string>
  readonly members: Pick<Problem, 'serverTime'>
  /** For the events of refusals. */
  readonly content: RefusedContent

  constructor(slug: ProblemSlug, detail: string, options: ProblemErrorOptions = {}) {
    super(`${slug}: ${detail}`, options)
    this.slug = slug
    this.detail = detail
    this.headers = options.headers ?? {}
    this.members = options.members ?? {}
    this.content = { ...options.content }
  }

  /** Adds what is known where the problem passes. What is known already stays. */
  about(content: RefusedContent): this {
    Object.assign(this.content, { ...content, ...this.content })
    return this
  }

  get status(): number {
    return PROBLEMS[this.slug].status
  }

  get retryable(): boolean {
    return PROBLEMS[this.slug].retryable
  }
}

/** Runs a step. If it throws a problem, that says what is known about the content. */
export async function withContent<Result>(
  content: RefusedContent,
  step: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    throw error instanceof ProblemError ? error.about(content) : error
  }
}
