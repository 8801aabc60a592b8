import type { FastifyInstance } from 'fastify'
import type { Backend } from './backend.ts'
import { getImage } from './get-image.ts'
import { listRecentImages } from './list-recent-images.ts'
import { submitImage } from './submit-image.ts'

export async function imageRoutes(server: FastifyInstance, backend: Backend): Promise<void> {
  server.post('/images', (request, reply) => submitImage(request, reply, backend))
  server.get<{ Params: { id: string } }>('/images/:id', (request, reply) => getImage(request, reply, backend))
  server.get('/images', (_, reply) => listRecentImages(reply, backend))
  server.get('/limits', () => ({ maxImageBytes: backend.maxImageBytes }))
  server.get('/health', (_, reply) =>
    reply
      .header('cache-control', 'no-store')
      .send({ status: 'ok', service: 'web-app-2', kafkaConnected: backend.topic.isConnected() }),
  )
}
