import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/** What a browser may read of an S3 answer, as a bucket's CORS configuration would expose it. */
const exposedHeaders = [
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

/** Lets web pages of any origin talk to the server; a preflight is 204 on any path. */
export async function allowAnyOrigin(app: FastifyInstance): Promise<void> {
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    exposedHeaders,
    maxAge: 600,
  })
}
