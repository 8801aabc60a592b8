import type { ImageSelection, ImageStatus } from '@darkroom/core'
import type { Api } from './ask-api.ts'
import { DarkroomError, networkError, noSuchImage, unreadableImage } from './darkroom-error.ts'
import { isHidden, isOffline } from './page.ts'
import { backoffMs, pause } from './retry.ts'

const DEFAULT_TIMEOUT_MS = 60_000
const LONG_POLL_SECONDS = 20
/** The API's limit per request. */
const MAX_IDS = 100
/** Minimum poll interval, in case a proxy drops the `Prefer` header. */
const MIN_POLL_INTERVAL_MS = 500
/** These pauses end early when the page is shown or online again. */
const HIDDEN_PAUSE_MS = 10_000
const OFFLINE_PAUSE_MS = 60_000

export interface WaitOptions {
  /** Milliseconds after which a queued image resolves with `queued`. Default: one minute. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

type WaitResult = { status: ImageStatus } | { error: unknown }

interface PendingImage {
  known?: ImageStatus
  waits: Set<(result: WaitResult) => void>
}

/** All waits of a client share one long poll. A new image aborts it and is part of the next one. */
export function createWaits({ ask }: Api) {
  const pending = new Map<string, PendingImage>()
  let changed = new AbortController()
  let running = false

  async function run() {
    running = true
    // Waits that start in the same tick share a request.
    await Promise.resolve()
    for (let failures = 0; pending.size > 0; ) {
      changed = new AbortController()
      const { signal } = changed
      if (isOffline()) {
        await pause(OFFLINE_PAUSE_MS, signal)
        continue
      }
      const ids = [...pending.keys()].slice(0, MAX_IDS)
      try {
        const startedAt = Date.now()
        const finished = await poll(ids, signal)
        failures = 0
        if (isHidden()) await pause(HIDDEN_PAUSE_MS, signal)
        else if (finished === 0 && Date.now() - startedAt < MIN_POLL_INTERVAL_MS)
          await pause(MIN_POLL_INTERVAL_MS, signal)
      } catch (error) {
        if (signal.aborted) continue
        if (error instanceof DarkroomError && error.retryable)
          await pause(backoffMs(++failures, error.retryAfter), signal)
        else for (const id of ids) settle(id, { error })
      }
    }
    running = false
  }

  /** Returns the number of images that became final. */
  async function poll(ids: string[], signal: AbortSignal): Promise<number> {
    const path = `/images?ids=${ids.map(encodeURIComponent).join()}`
    const headers = { prefer: `wait=${LONG_POLL_SECONDS}` }
    const isResult = ({ items, notFound }: ImageSelection) => Array.isArray(items) && Array.isArray(notFound)
    const { items, notFound } = await ask({ path, headers, signal }, { status: 200, isResult })
    const final = items.filter(({ status }) => status !== 'queued')
    for (const status of items) {
      const image = pending.get(status.id)
      if (image) image.known = status
    }
    for (const status of final) settle(status.id, { status })
    for (const id of notFound) settle(id, { error: noSuchImage(id) })
    const answered = new Set([...items.map(({ id }) => id), ...notFound])
    const unreadable = ids.filter((id) => !answered.has(id))
    for (const id of unreadable) settle(id, { error: unreadableImage(id) })
    return final.length + notFound.length + unreadable.length
  }

  function settle(id: string, result: WaitResult) {
    for (const wait of pending.get(id)?.waits ?? []) wait(result)
  }

  /** Aborts the request when nobody is waiting any more. */
  function leave(id: string, wait: (result: WaitResult) => void) {
    const image = pending.get(id)
    image?.waits.delete(wait)
    if (image?.waits.size === 0) pending.delete(id)
    if (pending.size === 0) changed.abort()
  }

  function join(id: string, wait: (result: WaitResult) => void) {
    const image = pending.get(id)
    if (image) image.waits.add(wait)
    else {
      pending.set(id, { waits: new Set([wait]) })
      changed.abort()
    }
    if (!running) void run()
  }

  return (id: string, { timeout = DEFAULT_TIMEOUT_MS, signal }: WaitOptions = {}): Promise<ImageStatus> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const finish = (result: WaitResult) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        leave(id, finish)
        if ('status' in result) resolve(result.status)
        else reject(result.error)
      }
      const onAbort = () => finish({ error: signal?.reason })
      const timer = setTimeout(() => {
        const known = pending.get(id)?.known
        finish(known ? { status: known } : { error: networkError() })
      }, timeout)
      signal?.addEventListener('abort', onAbort)
      join(id, finish)
    })
}
