import { randomUUID } from 'node:crypto'
import { ProblemError, problemAnswer, toProblemError } from '@darkroom/core'
import type { HttpServer, Log } from '../serverless.ts'

/**
 * Answers with problem+json where serverless-offline and its server answer without a function. An HTTP API on AWS answers
 * with the same statuses and `{"message": "…"}`: see "What Lambda does, what this does" in the README.
 */
export function answerWithProblems(server: HttpServer, log: Log): void {
  server.ext('onPreResponse', ({ method, path, response }, toolkit) => {
    if (!response.isBoom) return toolkit.continue
    // A preflight request that names no origin or method. HTTP APIs answer all of them.
    if (method === 'options') return toolkit.response().code(204)
    const problem = toProblem(response.output?.statusCode ?? 500, response)
    const requestId = randomUUID()
    if (problem.status >= 500) {
      log.error(`${problem.slug} ${method.toUpperCase()} ${path} ${requestId}: ${response.message}`)
    }
    const { statusCode, headers, body } = problemAnswer(problem, path, requestId)
    const answer = toolkit.response(body).code(statusCode)
    for (const [name, value] of Object.entries(headers)) answer.header(name, String(value))
    return answer
  })
}

function toProblem(status: number, cause: unknown): ProblemError {
  if (status >= 500) return toProblemError(cause)
  if (status === 413) {
    return new ProblemError(
      'payload-too-large',
      'The request is larger than 10 MB. POST /v1/images accepts images of up to 4 MB; use POST /v1/uploads for larger ones.',
    )
  }
  if (status === 404) return new ProblemError('not-found', 'There is no such route.')
  return new ProblemError(
    'malformed-request',
    'The URL is invalid: a "%" must be followed by two hex digits, and together they must be UTF-8. Write a percent sign as %25.',
  )
}
