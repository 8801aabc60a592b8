import { formatBytes } from '@darkroom/page/format'
import { createStore, del, entries, set } from 'idb-keyval'
import pLimit from 'p-limit'
import { backoffMs, pause, untilOnline } from './connection.ts'
import { followPicture } from './follow-pictures.ts'
import type { Frame } from './frame.ts'
import { getJson, newPictureKey, type Problem, sendPicture, type Upload } from './server.ts'

/** A browser opens up to six connections per host: these, two long polls, and one for everything else. */
const limit = pLimit(3)

/** Pictures that are not sent yet, so that they survive a reload. Without storage they are only on the page. */
const store = createStore('field-notes', 'pictures-to-send')

interface Limits {
  maxImageBytes: number
}

/** If the limits cannot be loaded, the server checks the size. */
const limits = getJson<Limits>('/api/limits').then((answer) =>
  'problem' in answer ? { maxImageBytes: Number.POSITIVE_INFINITY } : answer.body,
)
const unsaved = new Set<string>()

/** The largest picture in words, or empty if it is not known. */
export async function largestPicture(): Promise<string> {
  const { maxImageBytes } = await limits
  return Number.isFinite(maxImageBytes) ? formatBytes(maxImageBytes) : ''
}

/** Whether a reload would lose a picture. */
export const hasUnsaved = () => unsaved.size > 0

/** The pictures that an earlier visit did not send, oldest first. */
export async function savedPictures(): Promise<Upload[]> {
  const saved = await entries<string, Upload>(store).catch(() => [])
  return saved.map(([, upload]) => upload).toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

/**
 * Sends a new picture and follows it until it is final. As long as that can help it is sent again, with the same key, so
 * that it is the same picture even if an earlier attempt did arrive.
 */
export async function submitPicture(picture: Omit<Upload, 'key'>, frame: Frame): Promise<void> {
  const { maxImageBytes } = await limits
  if (picture.file.size > maxImageBytes) {
    const [size, largest] = [formatBytes(picture.file.size), formatBytes(maxImageBytes)]
    return frame.showNotSent(`This picture has ${size}. The limit is ${largest}. Choose a smaller one.`)
  }
  const upload = { ...picture, key: newPictureKey() }
  unsaved.add(upload.key)
  await set(upload.key, upload, store).then(
    () => unsaved.delete(upload.key),
    () => {},
  )
  await sendUntilAccepted(upload, frame, true)
}

export async function sendUntilAccepted(upload: Upload, frame: Frame, isNew = false): Promise<void> {
  frame.showWaiting()
  for (let failures = 1; ; failures++) {
    await untilOnline()
    const answer = await limit(() => {
      frame.showProgress(0)
      return sendPicture(upload, frame.showProgress)
    })
    if ('body' in answer) {
      await forget(upload)
      frame.showAccepted()
      return followPicture(answer.body.id, frame)
    }
    if (!isNew && isTooOld(answer.problem)) return replace(upload, frame)
    if (!answer.problem.retryable) {
      await forget(upload)
      return frame.showNotSent(answer.problem.detail)
    }
    if (await waitToRetry(answer.problem, failures, frame)) {
      // First: what has disappeared does not come back with a reload.
      await forget(upload)
      return frame.remove()
    }
  }
}

/** @returns whether the user removes the picture */
async function waitToRetry({ detail }: Problem, failures: number, frame: Frame): Promise<boolean> {
  const chosen = frame.showNotSentYet(detail)
  const choice = await Promise.race([chosen, pause(backoffMs(failures))])
  if (choice === 'remove') return true
  frame.showWaiting()
  return false
}

async function forget({ key }: Upload): Promise<void> {
  unsaved.delete(key)
  await del(key, store).catch(() => {})
}

/** The server accepts keys of the last 24 hours. A picture can wait longer than that to be sent. */
function isTooOld({ type = '' }: Problem): boolean {
  return type.endsWith('clock-skew')
}

async function replace(upload: Upload, frame: Frame): Promise<void> {
  await forget(upload)
  await submitPicture(upload, frame)
}
