import { join } from 'node:path'
import multipart from '@fastify/multipart'
import statics from '@fastify/static'
import Fastify from 'fastify'
import { answerProblems } from './answer-problems.ts'
import { imageRoutes } from './image-routes.ts'
import { MAX_BYTES_CLAIMED, MAX_BYTES_IN_RECORD } from './limits.ts'
import { logOptions, logRequest } from './log-requests.ts'
import { type ClaimsOptions, openClaims } from './open-claims.ts'
import { type KafkaOptions, openTopic } from './open-topic.ts'
import { reasonOf } from './reason-of.ts'
import { connectUploadApi, type UploadApiOptions } from './upload-api.ts'

export interface WebApp2Options {
  /** 0 for any free port. */
  port: number
  /** 127.0.0.1 unless told otherwise. */
  host?: string
  kafka: KafkaOptions
  uploadApi: UploadApiOptions
  /** Where pictures of more than 4 MB go; without it they are refused. See decisions/0010. */
  claims?: ClaimsOptions
  /** What one upload may have, if less than 50 MB with `claims` and 4 MB without. */
  maxImageBytes?: number
  /** Called with each line of the log, a JSON object; without it nothing is logged. */
  onLine?: (line: string) => void
}

export interface WebApp2 {
  /** `http://127.0.0.1:4002` */
  url: string
  /** Answers what is being asked, then stops; nobody waits for a long poll. */
  stop(): Promise<void>
}

/** What the page may load: its own files, and pictures from wherever the upload API presigns them. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; img-src 'self' blob: data: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Starts Web App #2. Kafka may be away: the app then says so to whoever uploads, and recovers by itself. */
export async function startWebApp2(options: WebApp2Options): Promise<WebApp2> {
  const { port, host = '127.0.0.1' } = options
  const topic = openTopic(options.kafka)
  const claims = options.claims && openClaims(options.claims)
  const most = claims ? MAX_BYTES_CLAIMED : MAX_BYTES_IN_RECORD
  const maxImageBytes = Math.min(options.maxImageBytes ?? most, most)
  const stopping = new AbortController()
  const uploadApi = connectUploadApi(options.uploadApi, stopping.signal)
  const server = Fastify(logOptions(options.onLine))
  server.addHook('onResponse', logRequest)
  server.addHook('onSend', async (_, reply) => {
    reply
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .header('x-content-type-options', 'nosniff')
  })
  answerProblems(server)
  await server.register(multipart, {
    throwFileSizeLimit: false,
    limits: { fileSize: maxImageBytes, files: 1, fields: 4, fieldSize: 4096 },
  })
  await server.register(statics, { root: join(import.meta.dirname, '..', 'page'), cacheControl: false })
  await server.register(imageRoutes, { prefix: '/api', topic, claims, uploadApi, maxImageBytes })
  server.addHook('preClose', async () => stopping.abort())
  server.addHook('onClose', () => {
    claims?.close()
    return topic.close()
  })
  const url = await server.listen({ port, host })
  topic.connect().catch((cause) => server.log.warn({ reason: reasonOf(cause) }, 'Kafka does not answer yet'))
  return { url, stop: () => server.close() }
}
