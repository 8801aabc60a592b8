import { isAllowedHost, REFUSED_HOST } from '@darkroom/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { S3Error } from './s3-error.ts'

/** Refuses requests for names that are not this server's: a page of another site can have its own resolve to 127.0.0.1. */
export function guardHost(app: FastifyInstance, allowedHosts: readonly string[] = []): void {
  app.addHook('onRequest', async ({ headers }) => {
    if (!isAllowedHost(headers.host, allowedHosts)) throw new S3Error(403, 'AccessDenied', REFUSED_HOST)
  })
}

/**
 * Lets a page send only what a URL or form allows that was signed for it. The signature in an `Authorization` header is not
 * checked here, and a browser sends the requests of any page from this machine.
 */
export function guardAgainstPages(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const { headers, method } = request
    if (headers.origin === undefined || method === 'OPTIONS' || isSignedForPages(request)) return
    throw new S3Error(403, 'AccessDenied', 'A page needs a presigned URL or form.')
  })
}

/** The signature itself is checked later, of all requests for buckets and objects. */
function isSignedForPages(request: FastifyRequest): boolean {
  const { bucket } = request.params as { bucket?: string }
  if (bucket === undefined) return false
  return isForm(request) || (request.query as Record<string, unknown>)['X-Amz-Signature'] !== undefined
}

/** A presigned POST: its signature is in the form (post-policy.ts). */
export function isForm({ method, headers }: FastifyRequest): boolean {
  return method === 'POST' && (headers['content-type'] ?? '').startsWith('multipart/form-data')
}
