import {
  type AuditedAct,
  isJson,
  mediaTypeOf,
  ProblemError,
  type ProblemSlug,
  problemAnswer,
  type Scope,
  toProblemError,
  traceIdOf,
} from '@darkroom/core'
import middy, { type MiddlewareObj, type Request } from '@middy/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import type { Context } from 'aws-lambda'
import { logger } from '../logger.ts'
import type { ApiResult } from './answer.ts'
import { auditRequest } from './audit-request.ts'
import { requireScope } from './caller.ts'
import { type ApiEvent, requireCaller, requireRequestRate } from './request.ts'

type Handle = (event: ApiEvent, context: Context) => Promise<ApiResult>

/** State that the middleware of one request share. */
type Internal = { problem?: ProblemSlug }
type Middleware = MiddlewareObj<ApiEvent, ApiResult, Error, Context, Internal>
type ApiRequest = Request<ApiEvent, ApiResult, Error, Context, Internal>

/** Options of a route. */
interface RouteOptions {
  /** The names of its query parameters. `own`: the handler checks the query itself. */
  query?: readonly string[] | 'own'
  /** Called before each answer, with the problem if there is one. */
  report?: (event: ApiEvent, problem: ProblemError | undefined) => Promise<void>
  /** What the audit trail records of it. */
  audit?: AuditedAct
}

/** Options of a route with a credential. */
interface CallerOptions extends RouteOptions {
  /** What the credential must allow, or `key`: it must be an API key. */
  scope: Scope | 'key'
}

interface BodyOptions extends CallerOptions {
  /** Whether the route takes nothing but JSON. */
  isJsonOnly?: boolean
}

/** The middleware of all routes: problem+json for every error, headers for browsers, one log line per request, and the audit trail. */
export function unroutedHandler(handle: Handle, { report, audit }: RouteOptions = {}) {
  return middy()
    .use(logRequest(audit))
    .use(browserHeaders())
    .use(requestLimitHeaders())
    .use(report ? [reportTo(report)] : [])
    .use(problemJson())
    .handler(handle)
}

/** For routes without a credential. Like all others they refuse query parameters that they do not know. */
export function publicHandler(handle: Handle, { query = [] }: Pick<RouteOptions, 'query'> = {}) {
  return unroutedHandler(handle).before(({ event }) => requireKnownQuery(event, query))
}

/** For routes with a credential, which is checked first. */
export function apiHandler(handle: Handle, { scope, query = [], ...options }: CallerOptions) {
  return unroutedHandler(handle, options).before(({ event }) => {
    const caller = requireCaller(event)
    requireRequestRate(event)
    requireScope(caller, scope)
    requireKnownQuery(event, query)
  })
}

/** The same for routes with a body. One of JSON is parsed. */
export function apiHandlerWithBody(handle: Handle, { isJsonOnly = false, ...options }: BodyOptions) {
  return apiHandler(handle, options)
    .before(({ event }) => {
      requireIdentityEncoding(event)
      setMediaType(event, isJsonOnly)
    })
    .use(httpJsonBodyParser({ disableContentTypeError: true }))
    .onError(refuseInvalidJson)
}

/**
 * A parameter with a typing error would be ignored silently otherwise. The gateway decodes a "%" that encodes nothing, or no
 * UTF-8, to other text than was sent.
 */
function requireKnownQuery(
  { queryStringParameters = {}, rawQueryString }: ApiEvent,
  known: RouteOptions['query'] = [],
): void {
  if (!isDecodable(rawQueryString)) {
    throw new ProblemError(
      'malformed-request',
      'The query is invalid: a "%" must be followed by two hex digits, and together they must be UTF-8. Write a percent sign as %25.',
    )
  }
  const repeated = repeatedNames(rawQueryString)
  if (repeated.length > 0) {
    throw new ProblemError(
      'malformed-request',
      `The query parameter ${quoted(repeated)} occurs more than once. Send it once.`,
    )
  }
  if (known === 'own') return
  const unknown = Object.keys(queryStringParameters ?? {}).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const takes = known.length === 0 ? 'takes no query parameters' : `takes ${known.join(', ')}`
  throw new ProblemError(
    'malformed-request',
    `The query parameter ${quoted(unknown)} is unknown: this route ${takes}. Remove it.`,
  )
}

/** The gateway joins the values of these with commas, to one that nobody sent. */
function repeatedNames(query: string): string[] {
  const names = [...new URLSearchParams(query).keys()]
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}

function quoted(names: string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

function isDecodable(query: string): boolean {
  try {
    decodeURIComponent(query)
    return true
  } catch {
    return false
  }
}

/** The body parser knows JSON by the media type alone, in lower case. JSON without a Content-Type is JSON if nothing else is. */
function setMediaType(event: ApiEvent, isJsonOnly: boolean): void {
  const mediaType = mediaTypeOf(event.headers['content-type'] ?? '') || (isJsonOnly ? 'application/json' : '')
  if (isJson(mediaType)) event.headers = { ...event.headers, 'content-type': mediaType }
  else if (isJsonOnly) {
    throw new ProblemError(
      'unsupported-media-type',
      `Content-Type ${mediaType} is not supported here. Send the body as application/json.`,
    )
  }
}

/** Compressed bytes would be hashed and inspected as they are, and refused as no image. */
function requireIdentityEncoding({ headers }: ApiEvent): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase()
  if (!encoding || encoding === 'identity') return
  throw new ProblemError(
    'unsupported-media-type',
    `Content-Encoding ${encoding} is not supported. Send the body uncompressed: images are compressed already.`,
    { headers: { 'accept-encoding': 'identity' } },
  )
}

function refuseInvalidJson(request: ApiRequest): void {
  const { cause } = Object(request.error) as { cause?: { package?: string; data?: string; message?: string } }
  if (cause?.package !== '@middy/http-json-body-parser') return
  // Only a field with a forbidden name is no error of the parser.
  const detail =
    cause.message === undefined && cause.data
      ? `The body has a field "${cause.data}", which is not allowed.`
      : 'The body is not valid JSON.'
  request.error = new ProblemError('malformed-request', detail)
}

/** One log line per request, with the fields an operator searches by, and its entry in the audit trail. */
function logRequest(audit: AuditedAct | undefined): Middleware {
  const started = new WeakMap<object, number>()
  const log = ({ event, context, response, internal }: ApiRequest) => {
    const { method, path } = event.requestContext.http
    const imageId = imageIdOf(event, response)
    auditRequest(audit, { event, context }, { imageId, problem: internal.problem })
    logger.info(`${method} ${path} ${response?.statusCode}`, {
      requestId: context.awsRequestId,
      app: event.requestContext.authorizer?.lambda?.app,
      keyId: event.requestContext.authorizer?.lambda?.credential,
      imageId,
      traceId: traceIdOf(event.headers.traceparent),
      problem: internal.problem,
      status: response?.statusCode,
      milliseconds: Date.now() - (started.get(event) ?? Date.now()),
    })
  }
  return { before: ({ event }) => void started.set(event, Date.now()), after: log, onError: log }
}

function imageIdOf(event: ApiEvent, response: ApiResult | null | undefined): string | undefined {
  const location = response?.headers?.location
  return event.pathParameters?.id ?? (typeof location === 'string' ? location.split('/').at(-1) : undefined)
}

/**
 * An answer is data and never a page, whatever its bytes look like, and comes over TLS only.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
 */
const BROWSER_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
}

function browserHeaders(): Middleware {
  const add = (request: ApiRequest) => {
    if (request.response) request.response.headers = { ...BROWSER_HEADERS, ...request.response.headers }
  }
  return { after: add, onError: add }
}

const LIMIT_HEADERS = ['ratelimit-policy', 'ratelimit'] as const

/** What the authorizer said of the limit on requests, before the limits of an upload: both headers are lists. */
function requestLimitHeaders(): Middleware {
  const add = ({ event, response }: ApiRequest) => {
    const limit = event.requestContext.authorizer?.lambda ?? {}
    for (const name of LIMIT_HEADERS) {
      const lists = [limit[name], response?.headers?.[name]].filter((list) => list !== undefined)
      if (response && lists.length > 0) response.headers = { ...response.headers, [name]: lists.join(', ') }
    }
  }
  return { after: add, onError: add }
}

function reportTo(report: NonNullable<RouteOptions['report']>): Middleware {
  return {
    after: ({ event }) => report(event, undefined),
    onError: ({ event, error }) => report(event, toProblemError(error)),
  }
}

/** Turns every error into an RFC 9457 answer. What the client must not see stays in the log. */
function problemJson(): Middleware {
  return {
    onError(request) {
      const { error, event, context } = request
      const problem = toProblemError(error)
      if (problem.status >= 500) logFailure(problem, context)
      request.internal.problem = problem.slug
      request.response = problemAnswer(problem, event.rawPath, context.awsRequestId)
    },
  }
}

/** The request id leads to the line of the request. The cause stays out of the answer. */
function logFailure(problem: ProblemError, { awsRequestId: requestId }: Context): void {
  const causes: string[] = []
  for (
    let cause = problem.cause;
    cause !== undefined && causes.length < MAX_CAUSES;
    cause = Object(cause).cause
  ) {
    causes.push(describe(cause))
  }
  logger.error(problem.slug, { requestId, cause: causes.join(' < '), error: problem })
}

const MAX_CAUSES = 5

/** An error of the network may have a code and no message. */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const { code } = cause as { code?: string }
  return `${cause.name}: ${cause.message || code || 'without a message'}`
}
