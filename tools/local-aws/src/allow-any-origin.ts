import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/** Response headers that pages may read, as in a bucket's CORS configuration. */
const EXPOSED_HEADERS = [
  'ETag',
  'Location',
  'Content-Length',
  'Content-Range',
  'Content-Disposition',
  'x-amz-request-id',
  'x-amz-id-2',
  'x-amz-version-id',
  'x-amz-checksum-crc32',
  'x-amz-checksum-sha256',
  'x-amz-meta-sha256',
]

/** Allows requests from pages of any origin. Every preflight request returns 204. */
export async function allowAnyOrigin(app: FastifyInstance): Promise<void> {
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
  })
}
