import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Backend } from './backend.ts'
import { readEventId } from './read-event-id.ts'
import { readUpload } from './read-upload.ts'
import { submissionOf } from './submission.ts'

/** `POST /api/images`: 202 once Kafka has the image, which is then as safe as the topic's replication. */
export async function submitImage(
  request: FastifyRequest,
  reply: FastifyReply,
  { topic, maxImageBytes }: Backend,
): Promise<FastifyReply> {
  const eventId = readEventId(request.headers['idempotency-key'])
  const upload = await readUpload(request, maxImageBytes)
  const submission = submissionOf(upload, eventId, request.headers.traceparent)
  await topic.send(submission)
  const { imageId } = submission
  request.log.info({ imageId, bytes: upload.bytes.length }, 'image submitted')
  const self = `/api/images/${imageId}`
  return reply
    .code(202)
    .headers({ location: self, 'retry-after': 1, 'cache-control': 'no-store' })
    .send({ id: imageId, status: 'queued', links: { self } })
}
