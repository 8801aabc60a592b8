import { PROBLEMS, Problem, type ProblemSlug, problemType, RETRY_AFTER_SECONDS } from '@darkroom/core'
import * as z from 'zod'

const text = (description: string, example?: string) =>
  z
    .string()
    .optional()
    .meta({ description, ...(example && { example }) })

/** The headers of responses. None of them is always there. */
const HEADERS = {
  Allow: text('The methods of this path.', 'GET, HEAD, POST'),
  'Accept-Encoding': text('`identity`, if `Content-Encoding` was the reason.', 'identity'),
  ETag: text('The tag of this answer, for `If-None-Match`.'),
  'Idempotency-Replayed': text('`true` if an earlier request with this key was accepted.', 'true'),
  Location: text('The path of the status of the image.'),
  'Preference-Applied': text('The wait that was granted, if `Prefer: wait` was sent.', 'wait=25'),
  RateLimit: text(
    'What is left of the limits of the app, if it has any, and seconds until they are new.',
    '"images";r=499;t=10',
  ),
  'RateLimit-Policy': text('The limits of the app, if it has any.', '"images";q=500;w=10'),
  'Retry-After': z
    .int()
    .optional()
    .meta({ description: 'Seconds to wait before the next request.', example: RETRY_AFTER_SECONDS }),
  'WWW-Authenticate': text('The scheme of the credential.', 'Bearer realm="darkroom"'),
}

type HeaderName = keyof typeof HEADERS

/** Headers that can come with a status. */
const HEADERS_OF_STATUS: Record<number, HeaderName[]> = {
  401: ['WWW-Authenticate'],
  403: ['WWW-Authenticate'],
  405: ['Allow'],
  415: ['Accept-Encoding'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
}

export function headersOf(...names: HeaderName[]): { headers?: z.ZodObject } {
  if (names.length === 0) return {}
  return { headers: z.object(Object.fromEntries(names.map((name) => [name, HEADERS[name]]))) }
}

/** A successful response with a JSON body. */
export function answer(description: string, schema: z.ZodType, ...headers: HeaderName[]) {
  return { description, ...headersOf(...headers), content: { 'application/json': { schema } } }
}

/** The same to a request with a credential, whose app may have limits. */
export function answerToApp(description: string, schema: z.ZodType, ...headers: HeaderName[]) {
  return answer(description, schema, ...headers, 'RateLimit', 'RateLimit-Policy')
}

/**
 * The errors of an operation as responses, one per status, from the problem table. Every route refuses unknown query
 * parameters, every path other methods, and every route with a credential too many requests.
 */
export function refusals(...slugs: ProblemSlug[]) {
  const all = new Set<ProblemSlug>([...slugs, 'malformed-request', 'method-not-allowed', 'internal'])
  if (all.has('unauthenticated')) all.add('rate-limited')
  const byStatus = Object.groupBy(all, (slug) => PROBLEMS[slug].status)
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, slugsOfStatus = []]) => [
      status as `${4 | 5}${string}`,
      refusal(Number(status), slugsOfStatus),
    ]),
  )
}

function refusal(status: number, slugs: ProblemSlug[]) {
  return {
    description: slugs
      .map((slug) => `- \`${slug}\`: ${PROBLEMS[slug].title}. ${PROBLEMS[slug].description}.`)
      .join('\n'),
    ...headersOf(...(HEADERS_OF_STATUS[status] ?? [])),
    content: {
      'application/problem+json': {
        schema: Problem,
        examples: Object.fromEntries(slugs.map((slug) => [slug, exampleOf(slug)])),
      },
    },
  }
}

function exampleOf(slug: ProblemSlug) {
  const { title, description, status, retryable } = PROBLEMS[slug]
  const requestId = '4d030493-0fcb-46eb-beec-2ccc5447b3cc'
  const value: Problem = {
    type: problemType(slug),
    title,
    status,
    detail: `${description}.`,
    requestId,
    retryable,
  }
  return { summary: title, value }
}
