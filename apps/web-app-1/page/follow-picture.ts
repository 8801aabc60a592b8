import { type Client, DarkroomError, type ImageStatus } from '@darkroom/client'
import { announce } from './announce.ts'
import type { Sheet } from './sheet.ts'

const TIMEOUT_MS = 10 * 60_000

/** Waits until an image is final and shows the result. The client polls for all pending images in one request. */
export async function followPicture(id: string, sheet: Sheet, client: Client): Promise<void> {
  sheet.change(id, { stage: 'developing', problem: undefined })
  const retry = () => void followPicture(id, sheet, client)
  try {
    const image = await client.waitUntilFinal(id, { timeout: TIMEOUT_MS })
    showStatus(image, sheet)
    if (image.status === 'queued') {
      const detail = 'Your picture is stored and will be developed. Check again later.'
      sheet.change(id, { stage: 'failed', problem: { title: 'Not developed yet', detail, retry } })
    }
  } catch (error) {
    const { title, detail } = error instanceof DarkroomError ? error : UNKNOWN
    sheet.change(id, { stage: 'failed', problem: { title, detail, retry } })
  }
}

const UNKNOWN = { title: 'Status unknown', detail: 'The status of this picture is not available right now.' }

const ERASED = { title: 'Erased', detail: 'This picture was erased.' }

/** Updates a picture on the sheet with the status that the API returned. */
export function showStatus(image: ImageStatus, sheet: Sheet): void {
  const picture = sheet.get(image.id)
  if (!picture) return
  if (image.status === 'processed') {
    const tookMs = picture.tookMs ?? (picture.addedAt && performance.now() - picture.addedAt)
    sheet.change(image.id, { stage: 'ready', image, tookMs, problem: undefined })
    if (tookMs) announce(`${picture.name} is developed`)
  } else if (image.status === 'failed') {
    const { title, detail } = image.failure ?? UNKNOWN
    sheet.change(image.id, { stage: 'failed', image, problem: { title, detail } })
    if (picture.addedAt) announce(`${picture.name}: ${detail}`)
  } else if (image.status === 'erased') {
    sheet.change(image.id, { stage: 'failed', image, problem: ERASED })
  }
}
