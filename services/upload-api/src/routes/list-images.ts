import { retention } from '@darkroom/app-configuration/deployed'
import { type ImagesPage, listImagesPage, listNewestImages } from '@darkroom/bucket'
import {
  type AppId,
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
import { knownRetrySeconds } from '../backlog.ts'
import { bucket } from '../clients.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { concerns } from '../http/audit-request.ts'
import { forCaller, type Identity, viewOf } from '../http/caller.ts'
import { requireCaller } from '../http/request.ts'
import { idsWithLinks, toImageStatuses } from '../status/to-image-status.ts'
import { findImages, waitForImages } from '../status/wait.ts'

/** An image can be accepted up to a day after the time in its id. */
const DAY_MS = 86_400_000

/**
 * `GET /v1/images` lists the newest images first, `?date=…` the images of a day, oldest first, and `?ids=…` the images with
 * these ids.
 */
export const handler = apiHandler(
  async (event) => {
    const caller = requireCaller(event)
    const { app } = caller
    const query = event.queryStringParameters ?? {}
    if (query.ids !== undefined) {
      const { ids } = parseOrRefuse(SelectionQuery, query, 'query')
      const wait = readPreferWait(event.headers.prefer)
      const selection = await selectImages(caller, ids, wait ?? 0)
      const retrySeconds = knownRetrySeconds()
      concerns(event, idsWithLinks(selection.items))
      return jsonAnswer(200, selection, {
        ...(wait !== undefined && { 'preference-applied': `wait=${wait}` }),
        ...(retrySeconds > 0 && { 'retry-after': retrySeconds }),
      })
    }
    const { date, limit, cursor } = parseOrRefuse(ListQuery, query, 'query')
    const page = await (date === undefined
      ? listNewest(app, limit, cursor)
      : listDay(app, date, limit, cursor))
    const list = await toImageList(caller, page)
    if (date !== undefined && list.items.length === 0 && !list.cursor) requireWithinRetention(app, date)
    concerns(event, idsWithLinks(list.items))
    return jsonAnswer(200, list)
  },
  { scope: 'read', query: 'own', audit: 'links.read' },
)

async function selectImages(
  caller: Identity,
  ids: ImageId[],
  seconds: number,
): Promise<Tolerant<ImageSelection>> {
  const found = await waitForImages(viewOf(caller), ids, seconds)
  const items = (await toImageStatuses(found)).map((status) => forCaller(caller, status))
  return { items, notFound: ids.filter((id) => !found.has(id)) }
}

/**
 * Call it only if the day has no images: one whose id has a wrong time may have been accepted much later.
 *
 * @throws ProblemError `expired-by-retention` if the images of the day are past their retention
 */
function requireWithinRetention(app: AppId, date: string): void {
  const acceptedAt = new Date(Date.parse(date) + 2 * DAY_MS).toISOString()
  if (!isPastDeadline(retention, { app, acceptedAt }, 'metadata')) return
  const { metadata } = daysOf(retention, app)
  throw new ProblemError(
    'expired-by-retention',
    `Images are kept for ${metadata} days; the images of ${date} were deleted.`,
  )
}

/** With an uploader, a page has only its images of these ids, and can be empty with a cursor. */
async function toImageList(caller: Identity, { ids, next }: ImagesPage): Promise<Tolerant<ImageList>> {
  const found = await findImages(viewOf(caller), ids)
  const items = (await toImageStatuses(found)).map((status) => forCaller(caller, status))
  return { items, ...(next && { cursor: next }) }
}

function listNewest(app: AppId, limit: number, from: ImageId | undefined): Promise<ImagesPage> {
  const oldest = new Date(Date.now() - (daysOf(retention, app).metadata + 1) * DAY_MS)
  return listNewestImages({ bucket, app, from, oldest, limit })
}

/**
 * The images of a day: originals, and finished images whose original was already deleted by its lifecycle. Ids are UUIDv7, so
 * S3 lists keys in the order of acceptance.
 */
async function listDay(
  app: AppId,
  date: string,
  limit: number,
  after: ImageId | undefined,
): Promise<ImagesPage> {
  const pages = await Promise.all(
    (['input', 'metadata'] as const).map((kind) =>
      listImagesPage(bucket, kind, { app, date }, { after, limit }),
    ),
  )
  const all = new Set(pages.flatMap(({ images }) => images.map(({ imageId }) => imageId)))
  const ids = [...all].sort().slice(0, limit)
  return { ids, next: ids.length === limit ? ids.at(-1) : undefined }
}
