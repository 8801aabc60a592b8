import { ImageId, ProblemError, parseOrRefuse, timeOf } from '@darkroom/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as z from 'zod'
import type { Backend } from './backend.ts'
import type { UploadApi } from './upload-api.ts'

/** How long an image may take from Kafka to S3 before it counts as unknown. */
const MAX_TRANSIT_MS = 10 * 60_000
const PAGE_SIZE = 24

/** The part of the API's answers that this app needs; the rest is passed on to the page. */
const Item = z.looseObject({ id: ImageId, status: z.string() })
const List = z.object({ items: z.array(Item), cursor: z.string().optional() })
const Selection = z.object({ items: z.array(Item), notFound: z.array(ImageId) })

const Query = z.strictObject({
  ids: z
    .string()
    .transform((list) => [...new Set(list.split(','))])
    .pipe(z.array(ImageId).max(100, 'at most 100 ids'))
    .optional(),
  cursor: ImageId.optional(),
})

/**
 * `GET /api/images`: a page of all pictures, newest first. `?ids=…` returns these pictures, and `Prefer: wait=N` holds the
 * answer until one of them is finished. Each is one request to the upload API.
 */
export async function getImages(
  request: FastifyRequest,
  reply: FastifyReply,
  { uploadApi }: Backend,
): Promise<FastifyReply> {
  const { ids, cursor } = parseOrRefuse(Query, request.query, 'query')
  reply.header('cache-control', 'no-store')
  if (!ids) return reply.send(await listImages(uploadApi, cursor))
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const selected = await selectImages(uploadApi, ids, request.headers.prefer, gone.signal).catch((error) => {
    if (!gone.signal.aborted) throw error
  })
  if (!selected) return reply.hijack()
  const { items, notFound, preferenceApplied } = selected
  return reply.headers(preferenceApplied).send({ items, notFound })
}

async function listImages(uploadApi: UploadApi, cursor: ImageId | undefined): Promise<z.infer<typeof List>> {
  const answer = await uploadApi.get(`/images?limit=${PAGE_SIZE}${cursor ? `&cursor=${cursor}` : ''}`)
  return readAnswer(answer, List, 'Earlier pictures could not be listed. Try again in a moment.')
}

interface Selected extends z.infer<typeof Selection> {
  preferenceApplied: { 'preference-applied'?: string }
}

/** An image that may still be in Kafka is `{id, status: "queued"}`, without an `original`. */
export async function selectImages(
  uploadApi: UploadApi,
  ids: ImageId[],
  prefer: string | string[] | undefined,
  gone: AbortSignal,
): Promise<Selected> {
  const headers = { ...(prefer && { prefer: String(prefer) }) }
  const answer = await uploadApi.get(`/images?ids=${ids}`, headers, gone)
  const { items, notFound } = await readAnswer(
    answer,
    Selection,
    'Darkroom cannot say how far your pictures are. Try again in a moment.',
  )
  const inKafka = notFound.filter(mayStillArrive).map((id) => ({ id, status: 'queued' }))
  const applied = answer.headers.get('preference-applied')
  return {
    items: [...items, ...inKafka],
    notFound: notFound.filter((id) => !mayStillArrive(id)),
    preferenceApplied: applied === null ? {} : { 'preference-applied': applied },
  }
}

export function mayStillArrive(id: ImageId): boolean {
  return Math.abs(Date.now() - timeOf(id).getTime()) < MAX_TRANSIT_MS
}

async function readAnswer<Schema extends z.ZodType>(
  answer: Response,
  schema: Schema,
  detail: string,
): Promise<z.infer<Schema>> {
  const parsed = schema.safeParse(answer.ok ? await answer.json() : await answer.text())
  if (parsed.success) return parsed.data
  const cause = `the upload API answered ${answer.status}: ${parsed.error.message}`
  throw new ProblemError('storage-unavailable', detail, { cause })
}
