import type { ImageStatus } from '@darkroom/core'
import type { AskApi } from './ask-api.ts'
import { DarkroomError, networkError } from './darkroom-error.ts'
import { isHidden, isOffline } from './page.ts'
import { backoff, pause } from './pause.ts'

const DEFAULT_TIMEOUT = 60_000
const LONG_POLL_SECONDS = 20
const BETWEEN_ROUNDS = 500
/** Pauses that end when the page is shown, or online, again. */
const HIDDEN_PAUSE = 10_000
const OFFLINE_PAUSE = 60_000

export interface WaitOptions {
  /** Milliseconds after which an image that still waits is told of as `queued`; a minute without it. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

interface Wait {
  id: string
  known?: ImageStatus
  settle(outcome: { status: ImageStatus } | { error: unknown }): void
}

/**
 * All waits of one client share one request at a time: a long poll while one image is waited for, and one
 * short look after the other while there are several.
 */
export function createWaits(ask: AskApi) {
  const waits = new Set<Wait>()
  let current: { id: string; long: boolean; abort: AbortController } | undefined
  let running = false

  const of = (id: string) => [...waits].filter((wait) => wait.id === id)

  /** A long poll makes way for an image that joins, and ends when nobody waits for its image any more. */
  function reconsider() {
    if (current && (of(current.id).length === 0 || (current.long && ids().length > 1))) current.abort.abort()
  }
  const ids = () => [...new Set([...waits].map(({ id }) => id))]

  async function run() {
    running = true
    await Promise.resolve()
    for (let failures = 0; waits.size > 0; ) {
      if (isOffline()) await pause(OFFLINE_PAUSE)
      const round = ids()
      const seen = round.every((id) => of(id).every(({ known }) => known))
      const failed = await lookAtEach(round, seen && round.length === 1)
      failures = failed ? failures + 1 : 0
      if (failed) await pause(backoff(failures, failed.retryAfter))
      else if (waits.size > 0 && isHidden()) await pause(HIDDEN_PAUSE)
      else if (ids().length > 1) await pause(BETWEEN_ROUNDS)
    }
    running = false
  }

  /** Ends early with an error that will pass. */
  async function lookAtEach(round: string[], long: boolean): Promise<DarkroomError | undefined> {
    for (const id of round) {
      if (of(id).length === 0) continue
      const failed = await look(id, long)
      if (failed) return failed
    }
    return undefined
  }

  async function look(id: string, long: boolean): Promise<DarkroomError | undefined> {
    const abort = new AbortController()
    current = { id, long, abort }
    try {
      const headers = long ? { prefer: `wait=${LONG_POLL_SECONDS}` } : {}
      const path = `/images/${encodeURIComponent(id)}`
      tell(id, await ask<ImageStatus>({ path, headers, signal: abort.signal }))
    } catch (error) {
      if (abort.signal.aborted) return undefined
      if (error instanceof DarkroomError && error.retryable) return error
      for (const wait of of(id)) wait.settle({ error })
    } finally {
      current = undefined
    }
    return undefined
  }

  function tell(id: string, status: ImageStatus) {
    for (const wait of of(id)) {
      wait.known = status
      if (status.status !== 'queued') wait.settle({ status })
    }
  }

  return (id: string, { timeout = DEFAULT_TIMEOUT, signal }: WaitOptions = {}): Promise<ImageStatus> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const wait: Wait = {
        id,
        settle(outcome) {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          waits.delete(wait)
          if ('status' in outcome) resolve(outcome.status)
          else reject(outcome.error)
          reconsider()
        },
      }
      const onAbort = () => wait.settle({ error: signal?.reason })
      const timer = setTimeout(
        () => wait.settle(wait.known ? { status: wait.known } : { error: networkError() }),
        timeout,
      )
      signal?.addEventListener('abort', onAbort)
      waits.add(wait)
      reconsider()
      if (!running) void run()
    })
}
