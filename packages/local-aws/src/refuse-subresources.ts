import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Requests about an object that fauxqs would take for requests about its bytes. */
const unsupported = ['acl', 'legal-hold', 'restore', 'retention', 'tagging', 'torrent']

const notImplemented = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NotImplemented</Code><Message>The local server does not know this sub-resource.</Message></Error>`

/**
 * Answers 501 NotImplemented to object sub-resources.
 * fauxqs ignores `?tagging`, so that PutObjectTagging would overwrite the object and DeleteObjectTagging delete it.
 */
export function refuseSubresources(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (isUnsupported(request)) return refuse(reply)
  })
}

function isUnsupported({ params, query }: FastifyRequest): boolean {
  const { '*': key } = params as { '*'?: string }
  return Boolean(key) && unsupported.some((name) => name in (query as object))
}

function refuse(reply: FastifyReply): FastifyReply {
  return reply.code(501).type('application/xml').send(notImplemented)
}
