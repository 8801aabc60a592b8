import { listImagesPage } from '@darkroom/bucket'
import {
  type AppId,
  firstIdAt,
  type ImageId,
  type ImageList,
  type ImageSelection,
  ListQuery,
  ProblemError,
  parseOrRefuse,
  readPreferWait,
  SelectionQuery,
  type Tolerant,
} from '@darkroom/core'
import { daysOf, isPastDeadline } from '@darkroom/retention'
import { bucket } from '../clients.ts'
import { env } from '../environment.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { requireApp } from '../http/request.ts'
import { findImageOrUndefined } from '../status/find-image.ts'
import { toImageStatuses } from '../status/to-image-status.ts'
import { waitForImages } from '../status/wait.ts'

/** `GET /v1/images?date=…` lists a day, `?ids=…` returns the images with these ids. */
export const handler = apiHandler(async (event) => {
  const app = requireApp(event)
  const query = event.queryStringParameters ?? {}
  if (query.ids !== undefined) {
    const { ids } = parseOrRefuse(SelectionQuery, query, 'query')
    const wait = readPreferWait(event.headers.prefer)
    const headers = { ...(wait !== undefined && { 'preference-applied': `wait=${wait}` }) }
    return jsonAnswer(200, await selectImages(app, ids, wait ?? 0), headers)
  }
  const { date, limit, cursor } = parseOrRefuse(ListQuery, query, 'query')
  requireWithinRetention(app, date)
  return jsonAnswer(200, await listImages(app, date, limit, cursor))
})

async function selectImages(app: AppId, ids: ImageId[], seconds: number): Promise<Tolerant<ImageSelection>> {
  const found = await waitForImages(app, ids, seconds)
  const items = await toImageStatuses(found.values())
  return { items, notFound: ids.filter((id) => !found.has(id)) }
}

/** @throws ProblemError `expired-by-retention` if even the last image of the day is past its retention */
function requireWithinRetention(app: AppId, date: string): void {
  const nextDay = firstIdAt(new Date(Date.parse(date) + 86_400_000))
  if (!isPastDeadline(env.RETENTION, { app, imageId: nextDay }, 'metadata')) return
  const { metadata } = daysOf(env.RETENTION, app)
  throw new ProblemError(
    'expired-by-retention',
    `Images are kept for ${metadata} days; the images of ${date} were deleted.`,
  )
}

/** Ids are UUIDv7, so S3 lists keys in the order of acceptance. */
async function listImages(
  app: AppId,
  date: string,
  limit: number,
  cursor: ImageId | undefined,
): Promise<Tolerant<ImageList>> {
  const ids = await listIds(app, date, limit, cursor)
  const found = await Promise.all(ids.map((imageId) => findImageOrUndefined({ app, imageId })))
  const items = await toImageStatuses(found.filter((image) => image !== undefined))
  const last = ids.length === limit ? ids.at(-1) : undefined
  return { items, ...(last && { cursor: last }) }
}

/** The images of a day: originals, and finished images whose original was already deleted by its lifecycle. */
async function listIds(
  app: AppId,
  date: string,
  limit: number,
  cursor: ImageId | undefined,
): Promise<ImageId[]> {
  const pages = await Promise.all(
    (['input', 'metadata'] as const).map((kind) =>
      listImagesPage(bucket, kind, { app, date }, { after: cursor, limit }),
    ),
  )
  const ids = pages.flatMap(({ images }) => images.map(({ imageId }) => imageId))
  return [...new Set(ids)].sort().slice(0, limit)
}
