import type { FastifyInstance } from 'fastify'
import { S3Refusal } from './s3-refusal.ts'

/**
 * Ends presigned URLs when they say so.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function refuseExpiredUrls(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ query }) => {
    const { 'X-Amz-Date': date, 'X-Amz-Expires': seconds } = query as Record<string, string | undefined>
    if (date === undefined || seconds === undefined) return
    const expires = new Date(fromBasicFormat(date).getTime() + Number(seconds) * 1000)
    const now = new Date()
    if (now < expires) return
    throw new S3Refusal(403, 'AccessDenied', 'Request has expired', {
      'X-Amz-Expires': seconds,
      Expires: expires.toISOString(),
      ServerTime: now.toISOString(),
    })
  })
}

/** @throws S3Refusal if it is not written like `20261123T100000Z` */
function fromBasicFormat(date: string): Date {
  const time = new Date(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!Number.isNaN(time.getTime())) return time
  throw new S3Refusal(
    400,
    'AuthorizationQueryParametersError',
    "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
  )
}
