import type { FastifyInstance, FastifyRequest } from 'fastify'
import { S3Error } from './s3-error.ts'

/**
 * Rejects presigned URLs that have expired.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function rejectExpiredUrls(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ query }) => {
    const { 'X-Amz-Date': date, 'X-Amz-Expires': seconds } = query as Record<string, string | undefined>
    if (date === undefined || seconds === undefined) return
    const expires = new Date(fromBasicFormat(date).getTime() + Number(seconds) * 1000)
    const now = new Date()
    if (now < expires) return
    throw new S3Error(403, 'AccessDenied', 'Request has expired', {
      'X-Amz-Expires': seconds,
      Expires: expires.toISOString(),
      ServerTime: now.toISOString(),
    })
  })
}

/** @throws S3Error unless the date looks like `20261123T100000Z` */
function fromBasicFormat(date: string): Date {
  const time = new Date(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!Number.isNaN(time.getTime())) return time
  throw new S3Error(
    400,
    'AuthorizationQueryParametersError',
    "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
  )
}

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
