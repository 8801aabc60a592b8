import { join } from 'node:path'
import { guardHost, guardOrigin } from '@darkroom/page/guard'
import { servePage } from '@darkroom/page/serve'
import multipart from '@fastify/multipart'
import Fastify, { type FastifyInstance } from 'fastify'
import { answerProblems } from './answer-problems.ts'
import { type Backend, type BackendOptions, openBackend } from './backend.ts'
import { getImage } from './get-image.ts'
import { getImages } from './get-images.ts'
import { logOptions, logRequest, reasonOf } from './log.ts'
import { submitImage } from './submit-image.ts'

export interface WebApp2Options extends BackendOptions {
  /** 0 picks a free port. */
  port: number
  /** Default: 127.0.0.1. */
  host?: string
  /** Further names of the server, beside those of loopback. */
  allowedHosts?: string[]
  /** Called with each line of the log, a JSON object; without it nothing is logged. */
  onLine?: (line: string) => void
}

export interface WebApp2 {
  /** `http://127.0.0.1:4002` */
  url: string
  /** Finishes open requests, except long polls, and stops. */
  stop(): Promise<void>
}

/** The page may load its own files, and pictures from any URL that the upload API presigns. */
const HEADERS = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' blob: data: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const PAGE = join(import.meta.dirname, '..', 'page')

/** Starts Web App #2. It starts without Kafka too: uploads then fail with 503, and work once Kafka is reachable. */
export async function startWebApp2(options: WebApp2Options): Promise<WebApp2> {
  const { port, host = '127.0.0.1', allowedHosts, onLine } = options
  const stopping = new AbortController()
  const backend = openBackend(options, stopping.signal)
  const server = Fastify(logOptions(onLine))
  server.addHook('onResponse', logRequest)
  server.addHook('onSend', async (_, reply) => void reply.headers(HEADERS))
  guardHost(server, host, allowedHosts)
  answerProblems(server)
  await server.register(multipart, {
    throwFileSizeLimit: false,
    limits: { fileSize: backend.maxImageBytes, files: 4, fields: 4, fieldSize: 4096 },
  })
  await servePage(server, PAGE)
  await server.register(imageRoutes, { prefix: '/api', ...backend })
  server.addHook('preClose', async () => stopping.abort())
  server.addHook('onClose', () => {
    backend.claims?.close()
    return backend.topic.close()
  })
  const url = await server.listen({ port, host })
  backend.topic.connect().catch((cause) => {
    if (!stopping.signal.aborted) server.log.warn({ reason: reasonOf(cause) }, 'Kafka is not reachable yet')
  })
  return { url, stop: () => server.close() }
}

async function imageRoutes(server: FastifyInstance, backend: Backend): Promise<void> {
  // Reading counts, too: each request makes one to the upload API.
  server.addHook('onRequest', guardOrigin)
  server.post('/images', (request, reply) => submitImage(request, reply, backend))
  server.get<{ Params: { id: string } }>('/images/:id', (request, reply) => getImage(request, reply, backend))
  server.get('/images', (request, reply) => getImages(request, reply, backend))
  server.get('/limits', () => ({ maxImageBytes: backend.maxImageBytes }))
  server.get('/health', (_, reply) =>
    reply
      .header('cache-control', 'no-store')
      .send({ status: 'ok', service: 'web-app-2', kafkaConnected: backend.topic.isConnected() }),
  )
}
