import type { Problem, ProblemSlug } from '@darkroom/core'

/**
 * Why there is no result: a slug of the API's (see docs/api.md), or one of the client's own.
 *
 * - `network`: no answer came; status 0
 * - `unexpected-answer`: an answer that is not the API's, as from a gateway or a proxy on the way
 */
export type DarkroomErrorType = ProblemSlug | 'network' | 'unexpected-answer'

type Fields = Pick<DarkroomError, 'title' | 'status' | 'detail' | 'retryable'> &
  Partial<Pick<DarkroomError, 'requestId' | 'imageId' | 'retryAfter'>>

/** Everything that goes wrong between a client and the API. `detail` is written for people. */
export class DarkroomError extends Error {
  override name = 'DarkroomError'
  readonly type: DarkroomErrorType
  readonly title: string
  /** Of the HTTP answer; 0 if there was none. */
  readonly status: number
  /** What happened, and what to do about it. */
  readonly detail: string
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** What to quote when asking the people who run Darkroom. */
  readonly requestId: string | undefined
  readonly imageId: string | undefined
  /** Seconds that the API asks to let pass. */
  readonly retryAfter: number | undefined

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
  }
}

export function networkError(cause?: unknown): DarkroomError {
  const detail = 'Darkroom did not answer. Check the connection and try again.'
  return new DarkroomError(
    'network',
    { title: 'No answer', status: 0, detail, retryable: true },
    cause === undefined ? undefined : { cause },
  )
}

/** What of an answer the client reads, whether `fetch` or an XMLHttpRequest brought it. */
export interface Answer {
  status: number
  text: string
  retryAfter: string | null
}

/** An error answer: problem+json (RFC 9457), or what a gateway says in its own words. */
export function refusal(answer: Answer): DarkroomError {
  const retryAfter = secondsOf(answer.retryAfter)
  const problem = readProblem(answer.text)
  if (!problem) return unexpected(answer, retryAfter)
  const slug = problem.type.slice(problem.type.lastIndexOf(':') + 1) as ProblemSlug
  return new DarkroomError(slug, { ...problem, ...(retryAfter !== undefined && { retryAfter }) })
}

function readProblem(text: string): Problem | undefined {
  try {
    const body = JSON.parse(text)
    return typeof body.type === 'string' && typeof body.detail === 'string' ? body : undefined
  } catch {
    return undefined
  }
}

/** A gateway refuses a body that is far too large before the API sees it. */
function unexpected({ status }: Answer, retryAfter: number | undefined): DarkroomError {
  if (status === 413) return tooLarge()
  const retryable = status === 429 || status >= 500
  const detail = `The answer was not Darkroom's, but ${status} from something on the way to it.`
  return new DarkroomError('unexpected-answer', {
    title: 'Unexpected answer',
    status,
    detail,
    retryable,
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

/** S3 answers in XML. A URL that has expired, or parts that are gone, are there anew with the next attempt. */
export function s3Refusal({ status, text }: Answer): DarkroomError {
  const code = /<Code>([^<]+)</.exec(text)?.[1] ?? 'nothing that can be understood'
  return new DarkroomError('unexpected-answer', {
    title: 'The storage refused the image',
    status,
    detail: `S3 answered ${status}, ${code}. Try again in a moment.`,
    retryable: status === 403 || status === 404 || status === 429 || status >= 500,
  })
}

/** Of one of several images that were asked for at once. */
export function noSuchImage(imageId: string): DarkroomError {
  return new DarkroomError('not-found', {
    title: 'Not found',
    status: 404,
    detail:
      'There is no such image, or none any more. Check the id, and that the key is of the app that uploaded it.',
    retryable: false,
    imageId,
  })
}

export function tooLarge(): DarkroomError {
  return new DarkroomError('payload-too-large', {
    title: 'The file is too large',
    status: 413,
    detail: 'An image can have at most 50 MB (52,428,800 bytes).',
    retryable: false,
  })
}

/** RFC 9110, section 10.2.3: seconds, or a date. */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000
  return seconds >= 0 ? seconds : undefined
}
