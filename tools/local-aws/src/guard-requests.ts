import { isAllowedHost, REFUSED_HOST } from '@darkroom/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { S3Error } from './s3-error.ts'

/** Refuses requests for names that are not this server's: a page of another site can have its own resolve to 127.0.0.1. */
export function guardHost(app: FastifyInstance, allowedHosts: readonly string[] = []): void {
  app.addHook('onRequest', async ({ headers }) => {
    if (!isAllowedHost(headers.host, allowedHosts)) throw new S3Error(403, 'AccessDenied', REFUSED_HOST)
  })
}

/** Lets a page send only what a URL or form allows that was signed for it: it has no credentials to sign anything else. */
export function guardAgainstPages(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const { headers, method } = request
    if (headers.origin === undefined || method === 'OPTIONS' || isSignedForPages(request)) return
    throw new S3Error(403, 'AccessDenied', 'A page needs a presigned URL or form.')
  })
}

/** The signature itself is checked later. */
function isSignedForPages(request: FastifyRequest): boolean {
  const { bucket } = request.params as { bucket?: string }
  if (bucket === undefined) return false
  return isForm(request) || (request.query as Record<string, unknown>)['X-Amz-Signature'] !== undefined
}

/** A presigned POST for a bucket: its signature is in the form (post-policy.ts). */
export function isForm({ method, headers, params }: FastifyRequest): boolean {
  if ((params as { bucket?: string }).bucket === undefined) return false
  return method === 'POST' && (headers['content-type'] ?? '').startsWith('multipart/form-data')
}
