import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { buildPage, type Figures } from '@darkroom/dashboard'
import Fastify from 'fastify'
import { followFigures } from './follow-figures.ts'

const CONTENT_TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

export interface DashboardOptions {
  /** 0 for any free port. */
  port: number
  store: { bucket: string; s3: S3ClientConfig }
  /** Where a first picture could be uploaded. */
  uploadPages?: Figures['uploadPages']
}

export interface Dashboard {
  /** `http://127.0.0.1:4003` */
  url: string
  stop(): Promise<void>
}

/**
 * Serves the static page on 127.0.0.1, with figures that follow the store.
 *
 * @throws Error if the page cannot be bundled or the port is taken
 */
export async function startDashboard({
  port,
  store,
  uploadPages = [],
}: DashboardOptions): Promise<Dashboard> {
  const s3 = new S3Client(store.s3)
  const figures = followFigures(s3, store.bucket)
  // With many images the first reading takes a while; nobody has to have opened the page for it to begin.
  figures.read().catch(() => {})
  const server = Fastify({ forceCloseConnections: true })
  for (const { name, body } of await buildPage()) {
    const type = CONTENT_TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
    const route = name === 'index.html' ? '/' : `/${name}`
    server.get(route, (_, reply) => reply.type(type).header('cache-control', 'no-cache').send(body))
  }
  server.get('/figures.json', async (_, reply) => {
    reply.header('cache-control', 'no-store')
    try {
      return { ...(await figures.read()), uploadPages }
    } catch (error) {
      const detail = `The figures cannot be read from the store: ${(error as Error).message}`
      return reply.status(503).send({ detail })
    }
  })
  server.addHook('onClose', async () => {
    await figures.close()
    s3.destroy()
  })
  const url = await server.listen({ port, host: '127.0.0.1' })
  return { url, stop: () => server.close() }
}
