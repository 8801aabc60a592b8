import type { FastifyInstance } from 'fastify'
import type { S3Store } from 'fauxqs'
import { S3Refusal } from './s3-refusal.ts'

/**
 * Copies an object only if it is still the one that `x-amz-copy-source-if-match` speaks of.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export function checkCopies(app: FastifyInstance, store: S3Store): void {
  app.addHook('preHandler', async ({ headers }) => {
    const source = headers['x-amz-copy-source']
    const wanted = headers['x-amz-copy-source-if-match']
    if (typeof source !== 'string' || wanted === undefined) return
    const [bucket = '', ...key] = decodeURIComponent(source).replace(/^\//, '').split('/')
    const etag = etagOf(store, bucket, key.join('/'))
    if (etag === undefined || etag === wanted) return
    throw new S3Refusal(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
    )
  })
}

/** Undefined if there is no such object, which fauxqs says itself. */
function etagOf(store: S3Store, bucket: string, key: string): string | undefined {
  try {
    return store.headObject(bucket, key).etag
  } catch {
    return undefined
  }
}
