import { ProblemError, problemAnswer, toProblemError } from '@darkroom/core'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { reasonOf } from './log.ts'

/** Turns every error into an RFC 9457 answer. What the client must not see stays in the log. */
export function answerProblems(server: FastifyInstance): void {
  server.setErrorHandler((error: FastifyError | ProblemError, request, reply) => {
    const problem = toProblem(error)
    if (problem.status >= 500)
      request.log.error(
        { reason: reasonOf(error), stack: error.cause ? undefined : error.stack },
        problem.message,
      )
    return answer(problem, request, reply)
  })
  server.setNotFoundHandler((request, reply) =>
    answer(new ProblemError('not-found', 'This page does not exist.'), request, reply),
  )
}

/** Fastify's own errors below 500 are the client's fault, and their message says why. */
function toProblem(error: FastifyError | ProblemError): ProblemError {
  if (error instanceof ProblemError || error.statusCode === undefined || error.statusCode >= 500) {
    return toProblemError(error)
  }
  return error.statusCode === 413
    ? new ProblemError('payload-too-large', 'Send one picture per request, in a part named "file".', {
        cause: error,
      })
    : new ProblemError('malformed-request', `${error.message}.`, { cause: error })
}

function answer(error: ProblemError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode, headers, body } = problemAnswer(error, request.url, request.id)
  return reply.code(statusCode).headers(headers).send(body)
}
