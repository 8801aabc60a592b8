import { dateOf, ImageId, newImageId, ProblemError } from '@darkroom/core'
import type { FastifyReply } from 'fastify'
import * as z from 'zod'
import type { Backend } from './backend.ts'
import type { UploadApi } from './upload-api.ts'

/** The part of the API's answer that this app needs; the rest is passed on to the page. */
const Page = z.object({ items: z.array(z.looseObject({ id: ImageId })), cursor: ImageId.optional() })
type Item = z.infer<typeof Page>['items'][number]

const MAX_RECENT_IMAGES = 24
const MAX_PAGES = 3
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** `GET /api/images`: today's most recent pictures (UTC), newest first. */
export async function listRecentImages(reply: FastifyReply, { uploadApi }: Backend): Promise<FastifyReply> {
  const items = await findRecent(uploadApi, Date.now())
  return reply.header('cache-control', 'no-store').send({ items })
}

/**
 * The API lists a day oldest first. Its cursor is an id and ids sort by time, so the id of a recent time as the cursor lists
 * everything since then. A busy day needs no more requests than a quiet one.
 */
async function findRecent(uploadApi: UploadApi, now: number): Promise<Item[]> {
  const midnight = Math.floor(now / DAY_MS) * DAY_MS
  let recent: Item[] = []
  for (const since of [now - 5 * MINUTE_MS, now - 60 * MINUTE_MS, midnight]) {
    recent = await listSince(uploadApi, Math.max(since, midnight))
    if (recent.length >= MAX_RECENT_IMAGES || since <= midnight) break
  }
  return recent.reverse().slice(0, MAX_RECENT_IMAGES)
}

async function listSince(uploadApi: UploadApi, since: number): Promise<Item[]> {
  const items: Item[] = []
  let cursor: ImageId | undefined = newImageId(new Date(since - 1))
  const date = dateOf(newImageId(new Date(since)))
  for (let page = 0; cursor && page < MAX_PAGES; page++) {
    const answer = await uploadApi.get(`/images?date=${date}&limit=100&cursor=${cursor}`)
    const list = Page.safeParse(answer.ok ? await answer.json() : await answer.text())
    if (!list.success) throw notListed(answer, list.error)
    items.push(...list.data.items)
    cursor = list.data.cursor
  }
  return items
}

function notListed(answer: Response, error: Error): ProblemError {
  const cause = `the upload API answered ${answer.status}: ${error.message}`
  return new ProblemError(
    'storage-unavailable',
    'Earlier pictures could not be listed. Try again in a moment.',
    { cause },
  )
}
