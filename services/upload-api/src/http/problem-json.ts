import { PROBLEMS, type Problem, ProblemError, problemType } from '@darkroom/core'
import type { MiddlewareObj, Request } from '@middy/core'
import type { Context } from 'aws-lambda'
import { logger } from '../logger.ts'
import type { ApiEvent, ApiResult, Notes } from './api-event.ts'

/** Seconds after which a request that failed for a passing reason is worth another try. */
const RETRY_AFTER_SECONDS = 5

/** Turns whatever was thrown into an answer of RFC 9457. What is not meant for the client stays in the log. */
export function problemJson(): MiddlewareObj<ApiEvent, ApiResult, Error, Context, Notes> {
  return {
    onError(request) {
      const error = toProblemError(request)
      request.internal.problem = error.slug
      request.response = problemAnswer(error, request.event.rawPath, request.context.awsRequestId)
    },
  }
}

function toProblemError({ error }: Request<ApiEvent, ApiResult, Error, Context, Notes>): ProblemError {
  if (error instanceof ProblemError) {
    if (error.status >= 500) logger.error(error.slug, error)
    return error
  }
  if (isBodyParserError(error)) {
    return new ProblemError('malformed-request', 'The body is not valid JSON.')
  }
  logger.error('unexpected error', error as Error)
  return new ProblemError('internal', 'The request could not be served. Try again in a moment.', {
    cause: error,
  })
}

function isBodyParserError(error: unknown): boolean {
  const cause = (error as { cause?: { package?: string } } | null)?.cause
  return cause?.package === '@middy/http-json-body-parser'
}

function problemAnswer(error: ProblemError, instance: string, requestId: string): ApiResult {
  const problem: Problem = {
    type: problemType(error.slug),
    title: PROBLEMS[error.slug].title,
    status: error.status,
    detail: error.detail,
    instance,
    requestId,
    retryable: error.retryable,
  }
  return {
    statusCode: error.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(error.status === 401 && { 'www-authenticate': 'Bearer realm="darkroom"' }),
      ...((error.status === 429 || error.status === 503) && { 'retry-after': RETRY_AFTER_SECONDS }),
    },
    body: JSON.stringify(problem),
  }
}
