import { type Client, DarkroomError, type ImageStatus } from '@darkroom/client'
import { announce } from './messages.tsx'
import { isPending, type Picture, type Problem, type Sheet } from './sheet.ts'

const TIMEOUT_MS = 10 * 60_000

/** Waits until an image is final and shows the result. The client polls for all pending images in one request. */
export async function followPicture(key: string, id: string, sheet: Sheet, client: Client): Promise<void> {
  sheet.change(key, { stage: 'developing', id, problem: undefined })
  const retry = () => void followPicture(key, id, sheet, client)
  try {
    const image = await client.waitUntilFinal(id, { timeout: TIMEOUT_MS })
    showStatus(key, image, sheet)
    if (image.status === 'queued') {
      const detail = 'Your picture is stored and will be developed. Check again later.'
      sheet.change(key, { stage: 'failed', problem: { title: 'Not developed yet', detail, retry } })
    }
  } catch (error) {
    sheet.change(key, { stage: 'failed', problem: { ...problemOf(error), retry } })
  }
}

/** Updates a picture on the sheet with the status that the API returned. */
export function showStatus(key: string, image: ImageStatus, sheet: Sheet): void {
  const picture = sheet.get(key)
  if (!picture) return
  const change = { ...stateOf(image), image, imageAt: performance.now() }
  const tookMs = picture.tookMs ?? (picture.addedAt && performance.now() - picture.addedAt)
  sheet.change(key, change.stage === 'ready' ? { ...change, tookMs } : change)
  if (picture.addedAt) announceResult({ ...picture, ...change }, sheet)
}

const UNKNOWN = { title: 'Status unknown', detail: 'The status of this picture is not available right now.' }
const ERASED = { title: 'Erased', detail: 'This picture was erased.' }

export function stateOf({ status, failure }: ImageStatus): Pick<Picture, 'stage' | 'problem'> {
  if (status === 'processed') return { stage: 'ready', problem: undefined }
  if (status === 'queued') return { stage: 'developing', problem: undefined }
  const { title, detail } = status === 'erased' ? ERASED : (failure ?? UNKNOWN)
  return { stage: 'failed', problem: { title, detail } }
}

export function problemOf(error: unknown): Problem {
  const { title, detail } = error instanceof DarkroomError ? error : UNKNOWN
  return { title, detail }
}

function announceResult({ name, problem }: Picture, sheet: Sheet): void {
  const left = sheet.pictures().filter(isPending)
  const result = problem ? `${name}: ${problem.detail}` : `${name} is developed`
  announce(left.length > 0 ? `${result}, ${left.length} to go` : result)
}
