import { MAX_UPLOAD_BYTES, newImageId, readIdempotencyKey } from '@darkroom/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Backend } from './backend.ts'
import type { Claims } from './open-claims.ts'
import type { TopicRecord } from './open-topic.ts'
import { readUpload } from './read-upload.ts'
import { type Submission, submissionOf, toRecordWithClaim, toRecordWithImage } from './submission.ts'

/** `POST /api/images`: 202 once Kafka has stored the image on all in-sync replicas. */
export async function submitImage(
  request: FastifyRequest,
  reply: FastifyReply,
  { topic, claims, maxImageBytes }: Backend,
): Promise<FastifyReply> {
  const eventId = readIdempotencyKey(request.headers['idempotency-key']) ?? newImageId()
  const upload = await readUpload(request, maxImageBytes)
  const submission = submissionOf(upload, eventId, request.headers.traceparent)
  await topic.send(await toRecord(submission, claims))
  const { imageId, bytes } = submission
  request.log.info({ imageId, bytes: bytes.length }, 'image submitted')
  const self = `/api/images/${imageId}`
  return reply
    .code(202)
    .headers({ location: self, 'retry-after': 1, 'cache-control': 'no-store' })
    .send({ id: imageId, status: 'queued', links: { self } })
}

/** An image that does not fit into a record is stored in S3 before the record is sent. */
async function toRecord(submission: Submission, claims: Claims | undefined): Promise<TopicRecord> {
  if (!claims || submission.bytes.length <= MAX_UPLOAD_BYTES) return toRecordWithImage(submission)
  return toRecordWithClaim(submission, await claims.put(submission))
}
