import { setTimeout as sleep } from 'node:timers/promises'
import { ImageId, ProblemError, timeOf } from '@darkroom/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Backend } from './backend.ts'
import type { UploadApi } from './upload-api.ts'

/** Milliseconds that an image may take from Kafka into S3 before it counts as unknown. */
const ON_ITS_WAY = 10 * 60_000
/** Milliseconds between two looks for an image that has not reached S3. */
const LOOK_EVERY = 200
/** As much as the upload API waits. */
const MAX_WAIT_SECONDS = 25

/**
 * `GET /api/images/{id}`: the upload API's answer. While the image is in Kafka that API does not know it, yet
 * the id's own time tells that it may still come: then it is `{id, status: "queued"}` without an `original`.
 * `Prefer: wait=N` holds the answer until the image has moved on from where it was.
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
  const answer = await askUntilThere(uploadApi, id.data, request.headers, gone.signal).catch((error) => {
    if (!gone.signal.aborted) throw error
  })
  if (!answer) return reply.hijack()
  if (answer.status !== 404) return relay(answer, reply)
  if (!mayStillCome(id.data)) throw notFound()
  return reply
    .headers({ 'retry-after': 1, 'cache-control': 'no-store' })
    .send({ id: id.data, status: 'queued' })
}

type Asked = FastifyRequest['headers']

/** The upload API says at once that it does not know an image, however long one would wait. */
async function askUntilThere(
  uploadApi: UploadApi,
  id: ImageId,
  { prefer, 'if-none-match': etag }: Asked,
  gone: AbortSignal,
): Promise<Response> {
  const until = Date.now() + waitOf(prefer) * 1000
  const conditions = etag === undefined ? {} : { 'if-none-match': etag }
  let answer = await uploadApi.get(
    `/images/${id}`,
    { ...conditions, ...(prefer && { prefer: String(prefer) }) },
    gone,
  )
  while (answer.status === 404 && mayStillCome(id) && Date.now() < until) {
    await answer.body?.cancel()
    await sleep(LOOK_EVERY, undefined, { signal: gone })
    answer = await uploadApi.get(`/images/${id}`, conditions, gone)
  }
  return answer
}

function mayStillCome(id: ImageId): boolean {
  return Math.abs(Date.now() - timeOf(id).getTime()) < ON_ITS_WAY
}

/** RFC 7240, section 4.3; what cannot be understood is ignored, as the RFC asks. */
function waitOf(prefer: string | string[] | undefined): number {
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(String(prefer ?? ''))?.[1]
  return Math.min(Number(seconds ?? 0), MAX_WAIT_SECONDS)
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
  return new ProblemError('not-found', 'Darkroom does not know this picture.')
}
