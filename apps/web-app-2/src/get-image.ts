import { setTimeout as sleep } from 'node:timers/promises'
import { ImageId, ProblemError, readPreferWait, timeOf } from '@darkroom/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Backend } from './backend.ts'
import type { UploadApi } from './upload-api.ts'

/** How long an image may take from Kafka to S3 before it counts as unknown. */
const MAX_TRANSIT_MS = 10 * 60_000
/** The poll interval for an image that has not reached S3 yet. */
const POLL_INTERVAL_MS = 200

/**
 * `GET /api/images/{id}`: the upload API's answer. That API does not know an image that is still in Kafka. If the time in
 * the id is recent, the image may still arrive, and the answer is `{id, status: "queued"}` without an `original`.
 * `Prefer: wait=N` holds the answer until the image is finished, or has just reached S3.
 */
export async function getImage(
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
  { uploadApi }: Backend,
): Promise<FastifyReply> {
  const id = ImageId.safeParse(request.params.id)
  if (!id.success) throw notFound()
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const answer = await pollUntilFound(uploadApi, id.data, request.headers, gone.signal).catch((error) => {
    if (!gone.signal.aborted) throw error
  })
  if (!answer) return reply.hijack()
  if (answer.status !== 404) return relay(answer, reply)
  if (!mayStillArrive(id.data)) throw notFound()
  return reply
    .headers({ 'retry-after': 1, 'cache-control': 'no-store' })
    .send({ id: id.data, status: 'queued' })
}

type RequestHeaders = FastifyRequest['headers']

/** The upload API answers 404 immediately, even with `Prefer`, so this app waits for the image to arrive. */
async function pollUntilFound(
  uploadApi: UploadApi,
  id: ImageId,
  { prefer, 'if-none-match': etag }: RequestHeaders,
  gone: AbortSignal,
): Promise<Response> {
  const until = Date.now() + (readPreferWait(prefer) ?? 0) * 1000
  const conditions = etag === undefined ? {} : { 'if-none-match': etag }
  let answer = await uploadApi.get(
    `/images/${id}`,
    { ...conditions, ...(prefer && { prefer: String(prefer) }) },
    gone,
  )
  while (answer.status === 404 && mayStillArrive(id) && Date.now() < until) {
    await answer.body?.cancel()
    await sleep(POLL_INTERVAL_MS, undefined, { signal: gone })
    answer = await uploadApi.get(`/images/${id}`, conditions, gone)
  }
  return answer
}

function mayStillArrive(id: ImageId): boolean {
  return Math.abs(Date.now() - timeOf(id).getTime()) < MAX_TRANSIT_MS
}

const RELAYED_HEADERS = ['content-type', 'etag', 'cache-control', 'retry-after', 'preference-applied']

async function relay(answer: Response, reply: FastifyReply): Promise<FastifyReply> {
  for (const name of RELAYED_HEADERS) {
    const value = answer.headers.get(name)
    if (value !== null) reply.header(name, value)
  }
  return reply.code(answer.status).send(answer.status === 304 ? undefined : await answer.text())
}

function notFound(): ProblemError {
  return new ProblemError('not-found', 'Darkroom has no picture with this id.')
}
