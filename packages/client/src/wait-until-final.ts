import type { ImageSelection, ImageStatus } from '@darkroom/core'
import type { AskApi } from './ask-api.ts'
import { DarkroomError, networkError, noSuchImage } from './darkroom-error.ts'
import { isHidden, isOffline } from './page.ts'
import { backoff, pause } from './pause.ts'

const DEFAULT_TIMEOUT = 60_000
const LONG_POLL_SECONDS = 20
/** What the API takes at once. */
const MAX_IDS = 100
/** After an answer that came early without an end, so that a proxy that drops `Prefer` is not hammered. */
const SHORT_PAUSE = 500
/** Pauses that end when the page is shown, or online, again. */
const HIDDEN_PAUSE = 10_000
const OFFLINE_PAUSE = 60_000

export interface WaitOptions {
  /** Milliseconds after which an image that still waits is told of as `queued`; a minute without it. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

type Outcome = { status: ImageStatus } | { error: unknown }

interface Followed {
  known?: ImageStatus
  waits: Set<(outcome: Outcome) => void>
}

/** All waits of one client share one long poll. An image that joins ends it, and is in the next one. */
export function createWaits(ask: AskApi) {
  const followed = new Map<string, Followed>()
  let changed = new AbortController()
  let running = false

  async function run() {
    running = true
    // Those that join within the same tick are in the same request.
    await Promise.resolve()
    for (let failures = 0; followed.size > 0; ) {
      changed = new AbortController()
      const { signal } = changed
      if (isOffline()) {
        await pause(OFFLINE_PAUSE, signal)
        continue
      }
      const ids = [...followed.keys()].slice(0, MAX_IDS)
      try {
        const began = Date.now()
        const finished = await look(ids, signal)
        failures = 0
        if (isHidden()) await pause(HIDDEN_PAUSE, signal)
        else if (finished === 0 && Date.now() - began < SHORT_PAUSE) await pause(SHORT_PAUSE, signal)
      } catch (error) {
        if (signal.aborted) continue
        if (error instanceof DarkroomError && error.retryable)
          await pause(backoff(++failures, error.retryAfter), signal)
        else for (const id of ids) settle(id, { error })
      }
    }
    running = false
  }

  /** How many images need no further look. */
  async function look(ids: string[], signal: AbortSignal): Promise<number> {
    const path = `/images?ids=${ids.map(encodeURIComponent).join()}`
    const headers = { prefer: `wait=${LONG_POLL_SECONDS}` }
    const { items, notFound } = await ask<ImageSelection>({ path, headers, signal })
    const final = items.filter(({ status }) => status !== 'queued')
    for (const status of items) {
      const image = followed.get(status.id)
      if (image) image.known = status
    }
    for (const status of final) settle(status.id, { status })
    for (const id of notFound) settle(id, { error: noSuchImage(id) })
    return final.length + notFound.length
  }

  function settle(id: string, outcome: Outcome) {
    for (const wait of followed.get(id)?.waits ?? []) wait(outcome)
  }

  /** The last one to leave ends the request. */
  function leave(id: string, wait: (outcome: Outcome) => void) {
    const image = followed.get(id)
    image?.waits.delete(wait)
    if (image?.waits.size === 0) followed.delete(id)
    if (followed.size === 0) changed.abort()
  }

  function join(id: string, wait: (outcome: Outcome) => void) {
    const image = followed.get(id)
    if (image) image.waits.add(wait)
    else {
      followed.set(id, { waits: new Set([wait]) })
      changed.abort()
    }
    if (!running) void run()
  }

  return (id: string, { timeout = DEFAULT_TIMEOUT, signal }: WaitOptions = {}): Promise<ImageStatus> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const finish = (outcome: Outcome) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        leave(id, finish)
        if ('status' in outcome) resolve(outcome.status)
        else reject(outcome.error)
      }
      const onAbort = () => finish({ error: signal?.reason })
      const timer = setTimeout(() => {
        const known = followed.get(id)?.known
        finish(known ? { status: known } : { error: networkError() })
      }, timeout)
      signal?.addEventListener('abort', onAbort)
      join(id, finish)
    })
}
