import { ListObjectsV2Command, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { type Collected, type Figures, PAGE_SOURCE } from '@darkroom/dashboard'
import { guardHost } from '@darkroom/page/guard'
import { servePage } from '@darkroom/page/serve'
import Fastify, { type FastifyReply } from 'fastify'
import { followFigures, REFRESH_SECONDS } from './follow-figures.ts'

export interface DashboardOptions {
  /** 0 picks a free port. */
  port: number
  store: { bucket: string; s3: S3ClientConfig }
  /** The store is read for the first time when this is settled: the rest of the stack starts sooner. */
  readAfter?: Promise<unknown>
  /** Pages to upload a first picture, linked while there are no images. */
  uploadPages?: Figures['uploadPages']
  /** Further names of the server, beside those of loopback. */
  allowedHosts?: string[]
}

export interface Dashboard {
  /** `http://127.0.0.1:4003` */
  url: string
  stop(): Promise<void>
}

const LOOPBACK = '127.0.0.1'

/** The page's own policy is in its HTML, so that it also holds where the exported page is stored. */
const HEADERS = {
  'content-security-policy': "frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/**
 * Serves the page on 127.0.0.1 with live data from the store.
 *
 * @throws Error if the page cannot be bundled or the port is in use
 */
export async function startDashboard({
  port,
  store,
  readAfter,
  uploadPages = [],
  allowedHosts,
}: DashboardOptions): Promise<Dashboard> {
  const s3 = new S3Client(store.s3)
  const figures = followFigures(s3, store.bucket)
  // The first read is slow with many images, so start it before the page is opened. Without images it would only load DuckDB.
  const readImages = async () => {
    if (await hasImages(s3, store.bucket)) await figures.read()
  }
  Promise.resolve(readAfter)
    .then(readImages)
    .catch(() => {})
  const server = Fastify({ forceCloseConnections: true })
  server.addHook('onSend', async (_, reply) => void reply.headers(HEADERS))
  guardHost(server, LOOPBACK, allowedHosts)
  await servePage(server, PAGE_SOURCE)
  const answer = async (reply: FastifyReply, toContent: (collected: Collected) => object | undefined) => {
    reply.header('cache-control', 'no-store')
    try {
      return toContent(await figures.read()) ?? reply.status(404).send({ detail: 'There is no such file.' })
    } catch (error) {
      const detail = `The store could not be read: ${(error as Error).message}`
      return reply.status(503).send({ detail })
    }
  }
  server.get('/figures.json', (_, reply) =>
    answer(reply, (collected) => ({ ...collected.figures, refreshSeconds: REFRESH_SECONDS, uploadPages })),
  )
  server.get('/attributes/:file', ({ url }, reply) =>
    answer(reply, ({ attributeFiles }) => new Map(Object.entries(attributeFiles)).get(url.slice(1))),
  )
  server.addHook('onClose', async () => {
    await figures.close()
    s3.destroy()
  })
  const url = await server.listen({ port, host: LOOPBACK })
  return { url, stop: () => server.close() }
}

async function hasImages(s3: S3Client, bucket: string): Promise<boolean> {
  const first = new ListObjectsV2Command({ Bucket: bucket, Prefix: 'metadata/', MaxKeys: 1 })
  return (await s3.send(first)).KeyCount !== 0
}
