import type { FastifyInstance, FastifyRequest } from 'fastify'
import { S3Refusal } from './s3-refusal.ts'

/** Requests about an object that fauxqs would take for requests about its bytes. */
const unsupported = ['acl', 'legal-hold', 'restore', 'retention', 'tagging', 'torrent']

/**
 * Answers 501 NotImplemented to object sub-resources.
 * fauxqs ignores `?tagging`, so that PutObjectTagging would overwrite the object and DeleteObjectTagging delete it.
 */
export function refuseSubresources(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (isUnsupported(request)) {
      throw new S3Refusal(501, 'NotImplemented', 'The local server does not know this sub-resource.')
    }
  })
}

function isUnsupported({ params, query }: FastifyRequest): boolean {
  const { '*': key } = params as { '*'?: string }
  return Boolean(key) && unsupported.some((name) => name in (query as object))
}
