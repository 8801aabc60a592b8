import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
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
  answerWhatIsNoHttp(server.listener)
}

/** Answers requests that Node's HTTP parser refuses, so that hapi never sees them. */
function answerWhatIsNoHttp(listener: HttpServer['listener']): void {
  const answering = new WeakSet<Socket>()
  listener.prependListener('request', ({ socket }, answer) => {
    answering.add(socket)
    answer.once('close', () => answering.delete(socket))
  })
  listener.removeAllListeners('clientError')
  listener.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // A second answer would end up inside the first one.
    if (!socket.writable || answering.has(socket)) return socket.destroy(error)
    const problem = new ProblemError('malformed-request', PARSER_DETAILS[error.code ?? ''] ?? NO_HTTP)
    const { statusCode, headers, body } = problemAnswer(problem, '', randomUUID())
    const all = { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${statusCode} Bad Request\r\n${lines.join('')}\r\n${body}`)
  })
}

const NO_HTTP = 'The request is not valid HTTP/1.1: see RFC 9112.'

/** By the codes of Node's parser, llhttp. */
const PARSER_DETAILS: Record<string, string> = {
  HPE_INVALID_METHOD:
    'The request begins with no method of HTTP. GET /v1/openapi.json lists the methods. This port has no TLS: use http://.',
  HPE_INVALID_URL:
    'The URL is invalid: it may have printable ASCII characters only. Encode others as UTF-8 with percent signs.',
  HPE_HEADER_OVERFLOW: 'The headers are larger than 16 KB.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The headers did not arrive in time.',
}

/** The function is throttled, or did not answer in time. */
class ServiceUnavailable extends ProblemError {
  constructor(cause: unknown) {
    super('internal', 'The service is busy. Try again in a moment.', { cause })
  }

  override get status(): number {
    return 503
  }
}

function toProblem(status: number, cause: unknown): ProblemError {
  if (status === 503) return new ServiceUnavailable(cause)
  if (status >= 500) return toProblemError(cause)
  if (status === 413) {
    return new ProblemError(
      'payload-too-large',
      'The request is larger than 10 MB. POST /v1/images accepts images of up to 4 MB; use POST /v1/uploads for larger ones.',
    )
  }
  if (status === 404) return new ProblemError('not-found', 'There is no such route.')
  if (status === 401) return new ProblemError('unauthenticated', 'The request has no credential.')
  if (status === 403) return new ProblemError('insufficient-scope', 'The authorizer refused the request.')
  return new ProblemError(
    'malformed-request',
    'The URL is invalid: a "%" must be followed by two hex digits, and together they must be UTF-8. Write a percent sign as %25.',
  )
}
