import type { FastifyInstance, FastifyRequest } from 'fastify'
import { S3Error } from './s3-error.ts'

/** Sub-resources of objects that fauxqs ignores. */
const UNSUPPORTED = ['acl', 'legal-hold', 'restore', 'retention', 'tagging', 'torrent']

/**
 * Returns 501 NotImplemented for object sub-resources. fauxqs ignores `?tagging`, so PutObjectTagging would overwrite
 * the object and DeleteObjectTagging would delete it.
 */
export function rejectSubresources(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (isUnsupported(request)) {
      throw new S3Error(501, 'NotImplemented', 'The local server does not support this sub-resource.')
    }
  })
}

function isUnsupported({ params, query }: FastifyRequest): boolean {
  const { '*': key } = params as { '*'?: string }
  return Boolean(key) && UNSUPPORTED.some((name) => name in (query as object))
}
