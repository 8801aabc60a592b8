import { ImageId, ProblemError } from '@darkroom/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Backend } from './backend.ts'
import { mayStillArrive, selectImages } from './get-images.ts'

/**
 * `GET /api/images/{id}`: the upload API's answer. `Prefer: wait=N` holds it until the image is finished. That API does not
 * know an image that is still in Kafka: if the time in the id is recent, the answer is `{id, status: "queued"}` without an
 * `original`.
 */
export async function getImage(
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
  backend: Backend,
): Promise<FastifyReply> {
  const id = ImageId.safeParse(request.params.id)
  if (!id.success) throw new ProblemError('not-found', 'Darkroom has no picture with this id.')
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const answering = mayStillArrive(id.data)
    ? sendRecent(id.data, request, reply, backend, gone.signal)
    : relayImage(id.data, request, reply, backend, gone.signal)
  return answering.catch((error) => {
    if (!gone.signal.aborted) throw error
    return reply.hijack()
  })
}

/** One request, whether the image has arrived or not: the API waits for a recent id that it does not know. */
async function sendRecent(
  id: ImageId,
  { headers: { prefer } }: FastifyRequest,
  reply: FastifyReply,
  { uploadApi }: Backend,
  gone: AbortSignal,
): Promise<FastifyReply> {
  const { items, preferenceApplied } = await selectImages(uploadApi, [id], prefer, gone)
  const image = items.find((item) => item.id === id)
  if (!image) throw new ProblemError('internal', 'Darkroom cannot read what it stored for this picture.')
  return reply
    .headers({
      'cache-control': 'no-store',
      ...preferenceApplied,
      ...(image.status === 'queued' && { 'retry-after': 1 }),
    })
    .send(image)
}

const RELAYED_HEADERS = ['content-type', 'etag', 'cache-control', 'retry-after', 'preference-applied']

async function relayImage(
  id: ImageId,
  { headers: { prefer, 'if-none-match': etag } }: FastifyRequest,
  reply: FastifyReply,
  { uploadApi }: Backend,
  gone: AbortSignal,
): Promise<FastifyReply> {
  const headers = { ...(etag && { 'if-none-match': etag }), ...(prefer && { prefer: String(prefer) }) }
  const answer = await uploadApi.get(`/images/${id}`, headers, gone)
  for (const name of RELAYED_HEADERS) {
    const value = answer.headers.get(name)
    if (value !== null) reply.header(name, value)
  }
  return reply.code(answer.status).send(answer.status === 304 ? undefined : await answer.text())
}
