import { randomUUID } from 'node:crypto'
import { isAllowedHost, ProblemError, problemAnswer, REFUSED_HOST } from '@darkroom/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/**
 * Refuses requests for a host that the server does not have, so that no page of another site reaches it under a name of its
 * own (DNS rebinding). A server that listens on more than loopback and names no hosts answers all.
 *
 * @param host where the server listens
 */
export function guardHost(server: FastifyInstance, host: string, allowedHosts: readonly string[] = []): void {
  if (allowedHosts.length === 0 && !isAllowedHost(host.replace(/^::1$/, '[::1]'))) return
  server.addHook('onRequest', async (request, reply) => {
    if (!isAllowedHost(request.headers.host, allowedHosts)) return refuse(request, reply, REFUSED_HOST)
  })
}

/**
 * A hook that refuses requests of pages of other origins, which a browser sends with the user's cookies or from the user's
 * network. Programs that are no browsers send neither header, and have none of these.
 */
export async function guardOrigin(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if (isOwnOrigin(request)) return
  return refuse(request, reply, 'This server answers its own page only.')
}

/** Browsers send Sec-Fetch-Site over https and to loopback, Origin with every request that can change something. */
function isOwnOrigin({ headers }: FastifyRequest): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
}

function refuse(request: FastifyRequest, reply: FastifyReply, detail: string): FastifyReply {
  const problem = new ProblemError('insufficient-scope', detail)
  const [path = ''] = request.url.split('?')
  const { statusCode, headers, body } = problemAnswer(problem, path, randomUUID())
  return reply.code(statusCode).headers(headers).send(body)
}
