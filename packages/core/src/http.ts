import { ImageId, isPlausibleTime, timeOf } from './image-id.ts'
import { PROBLEMS, type Problem, ProblemError, problemType } from './problem.ts'

/** The longest wait that `Prefer: wait=N` can ask for: an HTTP API gateway gives up after 30 seconds. */
export const MAX_WAIT_SECONDS = 25

/** `Retry-After` of 429 and 503. */
export const RETRY_AFTER_SECONDS = 5

/** A header as Lambda or Node provides it. */
type Header = string | string[] | undefined

/**
 * `Idempotency-Key`: the id that the client chose for its image, so that it can repeat the request safely (IETF draft
 * "The Idempotency-Key HTTP Header Field"; the value may be quoted, as a structured-field string).
 *
 * @throws ProblemError `malformed-request` if it is not a UUIDv7, `clock-skew` if its time is not within the last 24 hours or
 *   at most 5 minutes ahead
 */
export function readIdempotencyKey(header: Header, now = Date.now()): ImageId | undefined {
  if (header === undefined) return undefined
  const unquoted = String(header)
    .trim()
    .replace(/^"(.*)"$/, '$1')
  const key = ImageId.safeParse(unquoted.toLowerCase())
  if (!key.success) {
    throw new ProblemError(
      'malformed-request',
      "Idempotency-Key must be a UUIDv7 (RFC 9562): it becomes the image's id.",
    )
  }
  const time = timeOf(key.data)
  if (isPlausibleTime(time, now)) return key.data
  throw new ProblemError(
    'clock-skew',
    `The time in Idempotency-Key is ${time.toISOString()}, but it must be within the last 24 hours and at most 5 minutes ahead. Correct the clock by serverTime, and make a new key for each image.`,
    { members: { serverTime: new Date(now).toISOString() } },
  )
}

/**
 * The `wait` preference (RFC 7240, section 4.3) in seconds, at most MAX_WAIT_SECONDS; undefined without one.
 * An invalid preference is ignored, as the RFC asks.
 */
export function readPreferWait(header: Header): number | undefined {
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d+)"?\s*(?:$|[,;])/i.exec(String(header ?? ''))?.[1]
  return seconds === undefined ? undefined : Math.min(Number(seconds), MAX_WAIT_SECONDS)
}

/** `image/jpeg` of `Image/JPEG; q=1`: the media type of a Content-Type, in lower case and without parameters. */
export function mediaTypeOf(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** Whether a media type is JSON: `application/json`, or one with the suffix `+json` (RFC 6839). */
export function isJson(mediaType: string): boolean {
  return /^application\/(?:[a-z0-9.+-]+\+)?json$/.test(mediaType)
}

/** Common names for a registered media type. */
const ALIASES: Record<string, string> = { 'image/jpg': 'image/jpeg', 'image/pjpeg': 'image/jpeg' }

/** These declare no type. */
const UNSPECIFIC = new Set(['', 'application/octet-stream', 'image/*'])

/** The media type that a Content-Type declares for an image; undefined if it leaves the type open. */
export function declaredTypeOf(contentType = ''): string | undefined {
  const mediaType = mediaTypeOf(contentType)
  return UNSPECIFIC.has(mediaType) ? undefined : (ALIASES[mediaType] ?? mediaType)
}

/** Any error as a problem: an unexpected one is `internal`, and its message stays in the log. */
export function toProblemError(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  return new ProblemError('internal', 'The request failed unexpectedly. Try again in a moment.', {
    cause: error,
  })
}

/** An `application/problem+json` answer (RFC 9457); `instance` is the path of the request. */
export function problemAnswer(error: ProblemError, instance: string, requestId: string) {
  const problem: Problem = {
    type: problemType(error.slug),
    title: PROBLEMS[error.slug].title,
    status: error.status,
    detail: error.detail,
    instance,
    requestId,
    retryable: error.retryable,
    ...error.members,
  }
  const headers: Record<string, string | number> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(error.status === 401 && { 'www-authenticate': 'Bearer realm="darkroom"' }),
    ...((error.status === 429 || error.status === 503) && { 'retry-after': RETRY_AFTER_SECONDS }),
    ...error.headers,
  }
  return { statusCode: error.status, headers, body: JSON.stringify(problem) }
}

/**
 * Whether a Host header names this machine itself, with any port: `localhost`, a name under it, 127.0.0.0/8 or [::1]. A page
 * of another site can have its own name resolve to 127.0.0.1 (DNS rebinding), but then the Host is that name.
 *
 * @param others further names, as `ALLOWED_HOSTS` has them
 */
export function isAllowedHost(host: Header, others: readonly string[] = []): boolean {
  const name = String(host ?? '')
    .replace(/:\d*$/, '')
    .toLowerCase()
  return LOOPBACK.test(name) || others.includes(name)
}

const LOOPBACK = /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** For people and programs that use another name than `localhost`. */
export const REFUSED_HOST =
  'This server is for localhost only. Set ALLOWED_HOSTS to the other names that it has.'

/** `ALLOWED_HOSTS`: names without ports, separated by commas. */
export function readAllowedHosts(list = ''): string[] {
  return list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean)
}

/**
 * How long a request may take to arrive, for the servers that are not API Gateway or S3: properties of Node's HTTP servers. Headers are short; a
 * body may be an image of 50 MB from a phone. Node looks at its connections in the interval.
 */
export const ARRIVAL_TIMEOUTS = {
  headersTimeout: 15_000,
  requestTimeout: 300_000,
  connectionsCheckingInterval: 5_000,
}
