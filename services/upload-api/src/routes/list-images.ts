import {
  type AppId,
  firstIdAt,
  type ImageId,
  type ImageList,
  type ImageSelection,
  inputPrefix,
  ListQuery,
  metadataPrefix,
  ProblemError,
  parseInputKey,
  parseMetadataKey,
  SelectionQuery,
} from '@darkroom/core'
import { daysOf, isPastDeadline } from '@darkroom/retention'
import { env } from '../environment.ts'
import { apiHandler } from '../http/api-handler.ts'
import { jsonAnswer } from '../http/json-answer.ts'
import { parseOrRefuse } from '../http/parse-or-refuse.ts'
import { readPreferWait } from '../http/prefer-wait.ts'
import { requireApp } from '../http/require-app.ts'
import { listKeys } from '../list-keys.ts'
import { findImageOrGone } from '../status/find-image.ts'
import { toImageStatus } from '../status/to-image-status.ts'
import { waitForImages } from '../status/wait-for-images.ts'

/** `GET /v1/images?date=…`, and `?ids=…` for certain images. */
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

async function selectImages(app: AppId, ids: ImageId[], seconds: number): Promise<ImageSelection> {
  const found = await waitForImages(app, ids, seconds)
  const items = await Promise.all([...found.values()].map(toImageStatus))
  return { items, notFound: ids.filter((id) => !found.has(id)) }
}

/** @throws ProblemError `expired-by-retention` if not even the last image of the day is kept any more */
function requireWithinRetention(app: AppId, date: string): void {
  const nextDay = firstIdAt(new Date(Date.parse(date) + 86_400_000))
  if (!isPastDeadline(env.RETENTION, { app, imageId: nextDay }, 'metadata')) return
  const { metadata } = daysOf(env.RETENTION, app)
  throw new ProblemError(
    'expired-by-retention',
    `Images are kept for ${metadata} days; those of ${date} have been deleted.`,
  )
}

/** Ids are UUIDv7, so the order of keys is the order of acceptance. */
async function listImages(
  app: AppId,
  date: string,
  limit: number,
  cursor: ImageId | undefined,
): Promise<ImageList> {
  const ids = await listIds(app, date, limit, cursor)
  const found = await Promise.all(ids.map((imageId) => findImageOrGone({ app, imageId })))
  const items = await Promise.all(found.filter((image) => image !== undefined).map(toImageStatus))
  const last = ids.length === limit ? ids.at(-1) : undefined
  return { items, ...(last && { cursor: last }) }
}

/** Images of a day: originals, and finished ones whose original has already been deleted by its lifecycle. */
async function listIds(
  app: AppId,
  date: string,
  limit: number,
  cursor: ImageId | undefined,
): Promise<ImageId[]> {
  const inputs = inputPrefix(app, date)
  const documents = metadataPrefix(app, date)
  const lists = await Promise.all([
    listKeys(inputs, limit, cursor && inputs + cursor),
    listKeys(documents, limit, cursor && `${documents}${cursor}.json`),
  ])
  const ids = lists.flat().map((key) => (parseInputKey(key) ?? parseMetadataKey(key))?.imageId)
  return [...new Set(ids.filter((id) => id !== undefined))].sort().slice(0, limit)
}
