import type { Client, ImageStatus } from '@darkroom/client'
import { followPicture, showStatus } from './follow-picture.ts'
import type { Sheet } from './sheet.ts'

const HOUR = 3_600_000
/** How far back to look, further only where little was found. */
const SPANS = [HOUR, 6 * HOUR, 24 * HOUR]
const ENOUGH = 48

/** Puts on the sheet what was uploaded within a day, and follows what is under way. @throws DarkroomError */
export async function showRecent(sheet: Sheet, client: Client): Promise<void> {
  for (const image of await findRecent(client)) {
    if (sheet.get(image.id)) continue
    const name = image.filename ?? 'Picture'
    sheet.add({ id: image.id, name, bytes: image.original.bytes, stage: 'developing' })
    if (image.status === 'queued') followPicture(image.id, sheet, client)
    else showStatus(image, sheet)
  }
}

async function findRecent(client: Client): Promise<ImageStatus[]> {
  let images: ImageStatus[] = []
  for (const span of SPANS) {
    images = await listSince(new Date(Date.now() - span), client)
    if (images.length >= ENOUGH) break
  }
  return images.slice(-ENOUGH)
}

/** The API lists a day (UTC) oldest first. Its cursor is an id, ids begin with their time, and so can be made up. */
async function listSince(since: Date, client: Client): Promise<ImageStatus[]> {
  const images: ImageStatus[] = []
  const days = new Set([since, new Date()].map((time) => time.toISOString().slice(0, 10)))
  for (const date of days) {
    let cursor: string | undefined = firstIdAt(since)
    do {
      const page = await client.listImages({ date, limit: 100, cursor })
      images.push(...page.items)
      cursor = page.cursor
    } while (cursor)
  }
  return images
}

/** Of the UUIDv7s of a moment the least. */
function firstIdAt(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
