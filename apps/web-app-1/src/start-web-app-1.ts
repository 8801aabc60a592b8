import { join } from 'node:path'
import { acceptedTypes, IMAGE_TYPES, MAX_STORED_BYTES, MAX_UPLOAD_BYTES } from '@darkroom/core'
import { guardHost, guardOrigin } from '@darkroom/page/guard'
import { servePage } from '@darkroom/page/serve'
import Fastify from 'fastify'
import { answerToken } from './answer-token.ts'
import type { Session } from './session.ts'

export interface WebApp1Options {
  /** 0 picks a free port. */
  port: number
  /** Default: 127.0.0.1. */
  host?: string
  /** Further names of the server, beside those of loopback. */
  allowedHosts?: string[]
  uploadApi: {
    /** Base URL without `/v1`, reachable from the browser and from here. */
    url: string
    /** Stays on this server, which asks for tokens with it. */
    apiKey: string
  }
}

export interface WebApp1 {
  /** `http://127.0.0.1:4001` */
  url: string
  stop(): Promise<void>
}

const PAGE = join(import.meta.dirname, '..', 'page')

/**
 * Starts Web App #1: it serves the page and tells it where the API is, and gives it upload tokens. Pictures never pass through this server.
 *
 * @throws Error if the page cannot be bundled or the port is in use
 */
export async function startWebApp1({
  port,
  host = '127.0.0.1',
  allowedHosts,
  uploadApi,
}: WebApp1Options): Promise<WebApp1> {
  const session: Session = {
    api: uploadApi.url,
    maxBytes: MAX_STORED_BYTES,
    maxApiBytes: MAX_UPLOAD_BYTES,
    types: acceptedTypes().map((mediaType) => ({ mediaType, name: IMAGE_TYPES[mediaType].name })),
  }
  const server = Fastify({ forceCloseConnections: true })
  server.addHook('onSend', async (_, reply) => void reply.headers(HEADERS))
  guardHost(server, host, allowedHosts)
  await servePage(server, PAGE)
  server.get('/session', (_, reply) => reply.header('cache-control', 'no-store').send(session))
  // Pages of other sites cannot read the answer, and get no token at all.
  server.post('/token', { onRequest: guardOrigin }, (request, reply) =>
    answerToken(request, reply, uploadApi),
  )
  const url = await server.listen({ port, host })
  return { url, stop: () => server.close() }
}

/**
 * The page shows and downloads pictures from any URL that the API signs, and reads pictures that are dragged from other sites.
 */
const POLICY = [
  "default-src 'self'",
  "connect-src 'self' data: http: https:",
  "img-src 'self' blob: data: http: https:",
  "media-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
]

const HEADERS = {
  'content-security-policy': POLICY.join('; '),
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(self), microphone=(), geolocation=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}
