import { type Client, DarkroomError, type ImageStatus } from '@darkroom/client'
import { say } from './say.ts'
import type { Sheet } from './sheet.ts'

const PATIENCE_MS = 10 * 60_000

/** Waits for an image's end and shows it. The client asks for all that are waited for in one long poll. */
export async function followPicture(id: string, sheet: Sheet, client: Client): Promise<void> {
  sheet.change(id, { stage: 'developing', trouble: undefined })
  const again = () => void followPicture(id, sheet, client)
  try {
    const image = await client.waitUntilFinal(id, { timeout: PATIENCE_MS })
    showStatus(image, sheet)
    if (image.status === 'queued') {
      const detail = 'It has been kept, and will be developed. Ask again later.'
      sheet.change(id, { stage: 'failed', trouble: { title: 'Not developed yet', detail, retry: again } })
    }
  } catch (error) {
    const { title, detail } = error instanceof DarkroomError ? error : UNKNOWN
    const trouble = { title, detail, retry: again }
    sheet.change(id, { stage: 'failed', trouble })
  }
}

const UNKNOWN = { title: 'Not known', detail: 'What became of this picture cannot be asked now.' }

const ERASED = { title: 'Erased', detail: 'This picture was erased; nothing is left of it here.' }

/** Puts what the API says of an image on the sheet. */
export function showStatus(image: ImageStatus, sheet: Sheet): void {
  const picture = sheet.get(image.id)
  if (!picture) return
  if (image.status === 'processed') {
    const took = picture.took ?? (picture.began && performance.now() - picture.began)
    sheet.change(image.id, { stage: 'ready', image, took, trouble: undefined })
    if (took) say(`${picture.name} is developed`)
  } else if (image.status === 'failed') {
    const { title, detail } = image.failure ?? UNKNOWN
    sheet.change(image.id, { stage: 'failed', image, trouble: { title, detail } })
    if (picture.began) say(`${picture.name}: ${detail}`)
  } else if (image.status === 'erased') {
    sheet.change(image.id, { stage: 'failed', image, trouble: ERASED })
  }
}
