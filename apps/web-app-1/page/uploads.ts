import { type Client, DarkroomError, newIdempotencyKey } from '@darkroom/client'
import pLimit from 'p-limit'
import type { Session } from '../src/session.ts'
import { findProblem } from './check-file.ts'
import { problemOf } from './follow-picture.ts'
import { announce, showNotice } from './messages.tsx'
import { forgetFile, isSaved, type PendingFile, savedFiles, saveFile } from './pending-files.ts'
import type { Sheet } from './sheet.ts'

/** A browser opens up to six connections per host: these, two long polls, and one for everything else. */
const MAX_CONCURRENT_UPLOADS = 3
/** Frames that the page can add without a noticeable pause. */
const CHUNK = 20

export interface UploadsOptions {
  session: Session
  sheet: Sheet
  client: Client
  onAccepted: (key: string, id: string) => void
}

/** Sends files, a few at once, and shows each on the sheet. */
export function createUploads({ session, sheet, client, onAccepted }: UploadsOptions) {
  const limit = pLimit(MAX_CONCURRENT_UPLOADS)
  const aborts = new Map<string, AbortController>()
  let order = 0

  async function add(files: File[]): Promise<void> {
    for (let at = 0; at < files.length; at += CHUNK) {
      for (const file of files.slice(at, at + CHUNK)) void addOne(file)
      await nextFrame()
    }
  }

  async function addOne(file: File): Promise<void> {
    const key = newIdempotencyKey()
    const { name } = file
    show(key, { name, blob: file })
    const problem = await findProblem(file, session)
    if (problem) {
      sheet.change(key, { stage: 'failed', problem })
      announce(`${name}: ${problem.detail}`)
      return
    }
    const pending = { name, blob: file }
    const saving = saveFile(key, pending)
    enqueue(key, pending)
    await saving
  }

  function show(key: string, { name, blob }: PendingFile): void {
    const preview = URL.createObjectURL(blob)
    sheet.add({
      key,
      name,
      bytes: blob.size,
      preview,
      stage: 'waiting',
      order: ++order,
      addedAt: performance.now(),
    })
  }

  /** The lock keeps other tabs from sending the same saved file. */
  function enqueue(key: string, file: PendingFile): void {
    void navigator.locks.request(key, () => run(key, file))
  }

  function run(key: string, file: PendingFile): Promise<void> {
    const abort = new AbortController()
    aborts.set(key, abort)
    sheet.change(key, { stage: 'waiting', progress: 0, problem: undefined })
    return limit(() => send(key, file, abort.signal))
  }

  async function send(key: string, file: PendingFile, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    sheet.change(key, { stage: 'uploading' })
    const { name: filename, blob } = file
    try {
      const { id } = await client.upload(blob, {
        filename,
        idempotencyKey: key,
        signal,
        onProgress: ({ sent, total }) => sheet.change(key, { progress: sent / total }),
      })
      await forgetFile(key)
      accept(key, id)
    } catch (error) {
      if (!signal.aborted) await fail(key, file, error)
    } finally {
      aborts.delete(key)
    }
  }

  /** An app with deduplication answers with the id of an earlier image, which may be on the sheet. */
  function accept(key: string, id: string): void {
    const earlier = sheet.findById(id)
    if (!earlier || earlier.key === key) onAccepted(key, id)
    else {
      sheet.remove(key)
      showNotice(`${earlier.name} is already on the sheet.`)
    }
  }

  async function fail(key: string, file: PendingFile, error: unknown): Promise<void> {
    const isRetryable = !(error instanceof DarkroomError) || error.retryable
    const problem = problemOf(error)
    const retry = isRetryable ? () => enqueue(key, file) : undefined
    sheet.change(key, { stage: 'failed', problem: { ...problem, retry } })
    announce(`${file.name}: ${problem.detail}`)
    if (!isRetryable) await forgetFile(key)
  }

  /** Sends the files that an earlier page has kept, unless another tab is sending them. */
  async function resume(): Promise<void> {
    for (const [key, file] of await savedFiles())
      void navigator.locks.request(key, async () => {
        if (sheet.get(key) || !(await isSaved(key))) return
        show(key, file)
        await run(key, file)
      })
  }

  /** Stops an upload. Returns whether all its bytes were sent, so that the image may exist. */
  async function cancel(key: string): Promise<boolean> {
    aborts.get(key)?.abort()
    aborts.delete(key)
    await forgetFile(key)
    return sheet.get(key)?.progress === 1
  }

  return { add, resume, cancel }
}

function nextFrame(): Promise<unknown> {
  return new Promise((resolve) => (document.hidden ? setTimeout(resolve) : requestAnimationFrame(resolve)))
}
