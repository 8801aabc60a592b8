import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Backend } from './backend.ts'
import { MAX_BYTES_IN_RECORD } from './limits.ts'
import type { Claims } from './open-claims.ts'
import type { TopicRecord } from './open-topic.ts'
import { readEventId } from './read-event-id.ts'
import { readUpload } from './read-upload.ts'
import { type Submission, submissionOf } from './submission.ts'
import { toRecordWithClaim, toRecordWithImage } from './to-record.ts'

/** `POST /api/images`: 202 once Kafka has the image, which is then as safe as the topic's replication. */
export async function submitImage(
  request: FastifyRequest,
  reply: FastifyReply,
  { topic, claims, maxImageBytes }: Backend,
): Promise<FastifyReply> {
  const eventId = readEventId(request.headers['idempotency-key'])
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

/** What does not fit into a record lies in S3 before Kafka hears of it. */
async function toRecord(submission: Submission, claims: Claims | undefined): Promise<TopicRecord> {
  if (!claims || submission.bytes.length <= MAX_BYTES_IN_RECORD) return toRecordWithImage(submission)
  return toRecordWithClaim(submission, await claims.put(submission))
}
