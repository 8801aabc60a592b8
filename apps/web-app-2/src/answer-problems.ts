import { PROBLEMS, type Problem, ProblemError, problemType } from '@darkroom/core'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { reasonOf } from './reason-of.ts'

/** Seconds after which a request that failed for a passing reason is worth another try. */
const RETRY_AFTER_SECONDS = 5

/** Turns whatever was thrown into an answer of RFC 9457. What is not meant for the client stays in the log. */
export function answerProblems(server: FastifyInstance): void {
  server.setErrorHandler((error: FastifyError | ProblemError, request, reply) => {
    const problem = toProblemError(error)
    if (problem.status >= 500)
      request.log.error(
        { reason: reasonOf(error), stack: error.cause ? undefined : error.stack },
        problem.message,
      )
    return answer(problem, request, reply)
  })
  server.setNotFoundHandler((request, reply) =>
    answer(new ProblemError('not-found', 'There is no such page here.'), request, reply),
  )
}

/** An error of Fastify's own with a status below 500 is the client's doing, and its message says what. */
function toProblemError(error: FastifyError | ProblemError): ProblemError {
  if (error instanceof ProblemError) return error
  if (error.statusCode === 413) {
    return new ProblemError('payload-too-large', 'Send one picture at a time, in a part named "file".', {
      cause: error,
    })
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new ProblemError('malformed-request', `${error.message}.`, { cause: error })
  }
  return new ProblemError('internal', 'The request could not be served. Try again in a moment.', {
    cause: error,
  })
}

function answer(error: ProblemError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem: Problem = {
    type: problemType(error.slug),
    title: PROBLEMS[error.slug].title,
    status: error.status,
    detail: error.detail,
    instance: request.url,
    requestId: request.id,
    retryable: error.retryable,
  }
  if (error.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
  return reply
    .code(error.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(problem))
}
