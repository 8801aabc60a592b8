import { randomUUID } from 'node:crypto'
import { isAllowedHost, ProblemError, problemAnswer, REFUSED_HOST } from '@darkroom/core'
import type { HttpServer } from '../serverless.ts'

/** Refuses requests for a host that is not this machine: a page of another site may have its own name resolve to 127.0.0.1. */
export function guardHost(server: HttpServer, allowedHosts: readonly string[]): void {
  server.ext('onRequest', ({ path, raw: { req } }, toolkit) => {
    if (isAllowedHost(req.headers.host, allowedHosts)) return toolkit.continue
    const problem = new ProblemError('insufficient-scope', REFUSED_HOST)
    const { statusCode, headers, body } = problemAnswer(problem, path, randomUUID())
    const answer = toolkit.response(body).code(statusCode)
    for (const [name, value] of Object.entries(headers)) answer.header(name, String(value))
    return answer.takeover()
  })
}
