import type { Client, ImageStatus } from '@darkroom/client'
import { followPicture, showStatus } from './follow-picture.ts'
import type { Sheet } from './sheet.ts'

const HOUR_MS = 3_600_000
/** Time spans to search. A longer one is tried only if the one before has too few images. */
const SPANS_MS = [HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS]
const MAX_IMAGES = 48

/** Shows the images of the last 24 hours and follows those that are not final yet. @throws DarkroomError */
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
  for (const spanMs of SPANS_MS) {
    images = await listSince(new Date(Date.now() - spanMs), client)
    if (images.length >= MAX_IMAGES) break
  }
  return images.slice(-MAX_IMAGES)
}

/** The API lists a UTC day, oldest first. Its cursor is an image id, and ids start with their time, so we can build one. */
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

/** The smallest UUIDv7 of this millisecond. */
function firstIdAt(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
