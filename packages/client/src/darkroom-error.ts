/**
 * A slug of the API (see docs/api.md) or of the client:
 *
 * - `network`: there was no response; status 0
 * - `unexpected-answer`: a response that is not the API's, for example from a gateway or proxy
 *
 * An API of a later version can have others.
 */
export type DarkroomErrorType =
  | 'network'
  | 'unexpected-answer'
  | 'malformed-request'
  | 'empty-body'
  | 'checksum-mismatch'
  | 'clock-skew'
  | 'unauthenticated'
  | 'insufficient-scope'
  | 'not-found'
  | 'method-not-allowed'
  | 'upload-incomplete'
  | 'legal-hold'
  | 'erased'
  | 'expired-by-retention'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'type-mismatch'
  | 'idempotency-key-reused'
  | 'image-too-large'
  | 'corrupt-image'
  | 'too-many-frames'
  | 'rate-limited'
  | 'quota-exceeded'
  | 'internal'
  | 'storage-unavailable'
  | 'document-unreadable'
  | 'retries-exhausted'
  | 'source-expired'

type Fields = Pick<DarkroomError, 'title' | 'status' | 'detail' | 'retryable'> &
  Partial<Pick<DarkroomError, 'requestId' | 'imageId' | 'retryAfter' | 'serverTimeMs'>>

/** The error of every failed call. `detail` is written for users. */
export class DarkroomError extends Error {
  override name = 'DarkroomError'
  readonly type: DarkroomErrorType
  readonly title: string
  /** HTTP status; 0 if there was no response. */
  readonly status: number
  /** What happened, and what to do about it. */
  readonly detail: string
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** Quote this id when you contact support. */
  readonly requestId: string | undefined
  readonly imageId: string | undefined
  /** Seconds to wait before a retry, from `Retry-After`. */
  readonly retryAfter: number | undefined
  /** With `clock-skew`: the server's time in Unix milliseconds. */
  readonly serverTimeMs: number | undefined

  constructor(type: DarkroomErrorType, fields: Fields, options?: { cause?: unknown }) {
    super(`${fields.title}: ${fields.detail}`, options)
    this.type = type
    this.title = fields.title
    this.status = fields.status
    this.detail = fields.detail
    this.retryable = fields.retryable
    this.requestId = fields.requestId
    this.imageId = fields.imageId
    this.retryAfter = fields.retryAfter
    this.serverTimeMs = fields.serverTimeMs
  }
}

export function networkError(cause?: unknown): DarkroomError {
  const detail = 'Darkroom did not respond. Check your connection and try again.'
  return new DarkroomError(
    'network',
    { title: 'No response', status: 0, detail, retryable: true },
    cause === undefined ? undefined : { cause },
  )
}

/** RFC 9457. */
type ProblemBody = Pick<DarkroomError, 'title' | 'status' | 'detail' | 'retryable'> & {
  type: string
  requestId?: string
  imageId?: string
  serverTime?: string
}

/** The parts of a response that the client reads, from `fetch` or XMLHttpRequest. */
export interface RawResponse {
  status: number
  text: string
  header: (name: string) => string | null
}

/** Reads an error response: problem+json (RFC 9457), or anything that a gateway or proxy returns. */
export function responseError(answer: RawResponse): DarkroomError {
  const retryAfter = secondsOf(answer.header('retry-after'))
  const problem = readProblem(answer)
  if (!problem) return unexpected(answer, retryAfter)
  const slug = problem.type.slice(problem.type.lastIndexOf(':') + 1)
  const serverTimeMs = slug === 'clock-skew' ? readServerTime(problem, answer) : undefined
  return new DarkroomError(slug as DarkroomErrorType, {
    ...problem,
    ...(retryAfter !== undefined && { retryAfter }),
    ...(serverTimeMs !== undefined && { serverTimeMs }),
  })
}

/** In milliseconds. Browsers show the Date header to a page only where the API exposes it. */
function readServerTime({ serverTime }: ProblemBody, { header }: RawResponse): number | undefined {
  return [serverTime, header('date')].map((time) => Date.parse(time ?? '')).find((time) => time > 0)
}

/** Undefined if the response is not one of the API's errors. */
function readProblem({ status, text, header }: RawResponse): ProblemBody | undefined {
  const isProblem = status >= 400 && /^application\/problem\+json\b/i.test(header('content-type') ?? '')
  const body = isProblem && parseJson(text)
  return body && typeof body.type === 'string' && typeof body.detail === 'string' ? body : undefined
}

/** Undefined if the text is not JSON. */
export function parseJson(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * The statuses that can change by themselves. Gateways also answer 401 when their authorizer fails; the API's own 401 is
 * problem+json. A success that is not the API's comes from a proxy, for example a login page.
 */
const isPassing = (status: number) => status < 400 || [401, 408, 425, 429].includes(status) || status >= 500

/** An error of a gateway. It may reject a body that is far too large before the API sees it. */
function unexpected({ status }: RawResponse, retryAfter: number | undefined): DarkroomError {
  if (status === 413) return tooLarge()
  const retryable = isPassing(status)
  const detail = `A server between you and Darkroom returned ${status}.`
  return new DarkroomError('unexpected-answer', {
    title: 'Unexpected response',
    status,
    detail,
    retryable,
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

/** S3's errors are XML. Retryable if the next attempt helps, because it gets a new URL or a new multipart upload. */
export function s3Error({ status, text }: RawResponse): DarkroomError {
  const code = /<Code>([^<]+)</.exec(text)?.[1] ?? 'unknown error'
  return new DarkroomError('unexpected-answer', {
    title: 'The storage rejected the image',
    status,
    detail: `S3 returned ${status}, ${code}. Try again in a moment.`,
    retryable: status === 403 || status === 404 || isPassing(status),
  })
}

/** The credential function has returned none. */
export function noCredential(): DarkroomError {
  return new DarkroomError('unauthenticated', {
    title: 'There is no credential',
    status: 401,
    detail: 'You are not signed in. Sign in and try again.',
    retryable: false,
  })
}

/** For an id in the `notFound` list of a response. */
export function noSuchImage(imageId: string): DarkroomError {
  return new DarkroomError('not-found', {
    title: 'Not found',
    status: 404,
    detail:
      'There is no image with this id. Check the id, and that the credential belongs to the app that uploaded it.',
    retryable: false,
    imageId,
  })
}

/** The API leaves out an image whose record is damaged. */
export function unreadableImage(imageId: string): DarkroomError {
  return new DarkroomError('document-unreadable', {
    title: "The image's record cannot be read",
    status: 500,
    detail: 'The stored record of this image is damaged. Upload the image again.',
    retryable: false,
    imageId,
  })
}

export function tooLarge(): DarkroomError {
  return new DarkroomError('payload-too-large', {
    title: 'The file is too large',
    status: 413,
    detail: 'Images can have up to 50 MB (52,428,800 bytes).',
    retryable: false,
  })
}

/** RFC 9110, section 10.2.3: seconds, or a date. */
export function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000
  return seconds >= 0 ? seconds : undefined
}
