import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decodeAwsChunked } from 'fauxqs'
import { verifyChecksums } from './checksums.ts'
import { S3Error } from './s3-error.ts'

/** Verifies the body of PutObject and UploadPart against the digests in headers and trailers before it is stored. */
export function verifyPuts(app: FastifyInstance): void {
  app.addHook('preHandler', async (request) => {
    if (request.method !== 'PUT') return
    verifySignedHash(request)
    const { body, trailers } = unwrap(request)
    verifyChecksums({ ...request.headers, ...trailers }, body)
  })
}

/** The signature covers the body's hash, unless the body is chunked or unsigned. */
function verifySignedHash(request: FastifyRequest): void {
  const signed = String(request.headers['x-amz-content-sha256'])
  if (!/^[0-9a-f]{64}$/.test(signed)) return
  if (signed !== createHash('sha256').update(bodyOf(request)).digest('hex')) {
    throw new S3Error(
      400,
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
  }
}

function unwrap(request: FastifyRequest): { body: Buffer; trailers: Record<string, string> } {
  const chunked = request.headers['content-encoding']?.includes('aws-chunked')
  return chunked ? decodeAwsChunked(bodyOf(request)) : { body: bodyOf(request), trailers: {} }
}

function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0)
}
