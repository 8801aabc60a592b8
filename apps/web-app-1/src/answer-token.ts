import { randomUUID } from 'node:crypto'
import { ProblemError, problemAnswer, type Scope } from '@darkroom/core'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Visitors see and delete each other's pictures, because there is no sign-in. */
const SCOPES: Scope[] = ['upload', 'read', 'read:all', 'erase']
/** The page gives up after 40 seconds. */
const TIMEOUT_MS = 30_000
const YEAR_SECONDS = 31_536_000

/** `POST /token`: an upload token for this browser, as the upload API answers. The API key stays here. */
export async function answerToken(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { url, apiKey }: { url: string; apiKey: string },
): Promise<FastifyReply> {
  reply.header('cache-control', 'no-store')
  // Pages of other sites cannot read the answer, and get no token at all.
  if (!['same-origin', undefined].includes(headers['sec-fetch-site'] as string | undefined)) {
    return refuse(reply, new ProblemError('insufficient-scope', 'Tokens are for this page only.'))
  }
  const visitor = /(?:^|; )visitor=([0-9a-f-]{36})(?:;|$)/.exec(headers.cookie ?? '')?.[1] ?? randomUUID()
  reply.header('set-cookie', `visitor=${visitor}; Path=/; Max-Age=${YEAR_SECONDS}; HttpOnly; SameSite=Strict`)
  try {
    const answer = await fetch(`${url.replace(/\/$/, '')}/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ uploader: visitor, scopes: SCOPES }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const body = await answer.text()
    return reply
      .code(answer.status)
      .header('content-type', answer.headers.get('content-type') ?? 'application/json')
      .send(body)
  } catch (cause) {
    const detail = 'Darkroom does not respond. Try again in a moment.'
    return refuse(reply, new ProblemError('storage-unavailable', detail, { cause }))
  }
}

function refuse(reply: FastifyReply, problem: ProblemError): FastifyReply {
  const { statusCode, headers, body } = problemAnswer(problem, '/token', randomUUID())
  return reply.code(statusCode).headers(headers).send(body)
}
