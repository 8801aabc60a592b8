import type { FastifyInstance, FastifyReply } from 'fastify'
import type { S3Store } from 'fauxqs'
import { checksumOf, verifyChecksums } from './checksums.ts'
import { type PostForm, readPostForm } from './post-form.ts'
import { enforcePolicy } from './post-policy.ts'
import { S3Error, toXml } from './s3-error.ts'

/**
 * Handles presigned POSTs, because fauxqs does not check their policy.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export function handlePosts(app: FastifyInstance, store: S3Store): void {
  app.addHook('preHandler', async (request, reply) => {
    const { bucket, '*': key } = request.params as { bucket?: string; '*'?: string }
    const contentType = request.headers['content-type'] ?? ''
    if (request.method !== 'POST' || !bucket || key || !contentType.startsWith('multipart/form-data')) return
    const form = await readPostForm(contentType, request.body as Buffer)
    if (!store.hasBucket(bucket)) {
      throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: bucket })
    }
    enforcePolicy(form, bucket)
    verifyChecksums(form.fields, form.file)
    const { etag } = storeObject(form, bucket, store)
    const Location = `${request.protocol}://${request.headers.host}/${bucket}/${encodeURI(form.fields.key ?? '')}`
    return sendResult(reply, form, { Location, Bucket: bucket, Key: form.fields.key, ETag: etag })
  })
}

function storeObject({ fields, file }: PostForm, bucket: string, store: S3Store): { etag: string } {
  const metadata = Object.entries(fields).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), value]] : [],
  )
  return store.putObject(
    bucket,
    fields.key ?? '',
    file,
    fields['content-type'] ?? 'binary/octet-stream',
    Object.fromEntries(metadata),
    systemMetadata(fields),
    checksumOf(fields),
  )
}

function systemMetadata(fields: PostForm['fields']) {
  const { 'content-disposition': contentDisposition, 'cache-control': cacheControl } = fields
  return {
    ...(contentDisposition !== undefined && { contentDisposition }),
    ...(cacheControl !== undefined && { cacheControl }),
  }
}

function sendResult(
  reply: FastifyReply,
  { fields }: PostForm,
  stored: Record<string, string | undefined>,
): FastifyReply {
  const status = fields.success_action_status ?? ''
  reply.headers({ etag: stored.ETag, location: stored.Location })
  if (status === '201')
    return reply
      .code(201)
      .type('application/xml')
      .send(toXml({ PostResponse: stored }))
  return reply.code(status === '200' ? 200 : 204).send()
}
