import { randomBytes, randomUUID } from 'node:crypto'
import { ProblemError, problemAnswer, type Scope } from '@darkroom/core'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Without `read:all`, a visitor sees and deletes own pictures only. */
const SCOPES: Scope[] = ['upload', 'read', 'erase']
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
  const visitor = visitorOf(headers)
  reply.header('set-cookie', visitor.cookie)
  try {
    const answer = await fetch(`${url.replace(/\/$/, '')}/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ uploader: visitor.id, scopes: SCOPES }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const body = await answer.text()
    return reply
      .code(answer.status)
      .header('content-type', answer.headers.get('content-type') ?? 'application/json')
      .send(body)
  } catch (cause) {
    const detail = 'Darkroom does not respond. Try again in a moment.'
    const problem = new ProblemError('storage-unavailable', detail, { cause })
    const { statusCode, headers, body } = problemAnswer(problem, '/token', randomUUID())
    return reply.code(statusCode).headers(headers).send(body)
  }
}

/**
 * There is no sign-in: whoever has this cookie is the visitor. Its id is the time of the first visit and 128 random bits, and
 * is kept for a year after the last token.
 *
 * A browser names the page's origin in a POST, also behind a proxy. Over https, a page of a sibling domain cannot set the
 * cookie, because its name begins with `__Host-`.
 */
function visitorOf({ cookie, origin }: FastifyRequest['headers']): { id: string; cookie: string } {
  const isSecure = origin?.startsWith('https:')
  const name = isSecure ? '__Host-visitor' : 'visitor'
  const sent = cookie?.split('; ').find((pair) => pair.startsWith(`${name}=`))
  const id = VISITOR.exec(sent?.slice(name.length + 1) ?? '')?.[0] ?? newVisitor()
  const attributes = `Path=/; Max-Age=${YEAR_SECONDS}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
  return { id, cookie: `${name}=${id}; ${attributes}` }
}

const VISITOR = /^\d{13}-[0-9a-f]{32}$/
const newVisitor = () => `${Date.now()}-${randomBytes(16).toString('hex')}`
