import type { Api } from './ask-api.ts'
import { DarkroomError, networkError, noSuchImage, unreadableImage } from './darkroom-error.ts'
import type { ImageStatus } from './images.ts'
import { isHidden, isOffline } from './page.ts'
import { backoffMs, pause } from './retry.ts'

const DEFAULT_TIMEOUT_MS = 60_000
const LONG_POLL_SECONDS = 20
/** Of the second poll: an image that joins while both are open waits at most this long for its first request. */
const SECOND_POLL_SECONDS = 5
const MAX_POLLS = 2
/** An image that joins while a poll is open is part of the next one. If that takes longer, it gets the second poll. */
const SECOND_POLL_DELAY_MS = 1000
/** The API's limit per request. */
const MAX_IDS = 100
/**
 * The API runs, and is paid for, as long as a poll is open. This is the time for long polls; after that, polls return at
 * once. For 50 images both together stay under a minute.
 */
const LONG_POLLING_MS = 15_000
const LONG_POLLING_PER_IMAGE_MS = 700
/** A poll returns when the first image is final. The pause collects the results of a batch, but does not delay one image. */
const PAUSE_PER_IMAGE_MS = 20
const MAX_BATCH_PAUSE_MS = 1000
/** After polls that found nothing. The poll interval also holds if a proxy drops the `Prefer` header. */
const MIN_EMPTY_PAUSE_MS = 500
const MAX_EMPTY_PAUSE_MS = 5000
/** These pauses end early when the page is shown or online again. */
const HIDDEN_PAUSE_MS = 10_000
const OFFLINE_PAUSE_MS = 60_000
/** At the timeout, an image of which nothing is known is asked for once more. This is how long the answer may take. */
const LAST_ANSWER_MS = 5000
/** A timer with a longer delay fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

export interface WaitOptions {
  /** Milliseconds after which a queued image resolves with `queued`; `Infinity` waits for the result. Default: one minute. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

type WaitResult = { status: ImageStatus } | { error: unknown }

interface PendingImage {
  known?: ImageStatus
  /** When its last wait ends. */
  untilMs: number
  waits: Set<(result: WaitResult) => void>
  /** The poller that asks for this image. */
  poller?: Poller | undefined
}

/** The requested images and the unknown ids. */
interface Selection {
  items: ImageStatus[]
  notFound: string[]
}

/** A sequence of polls, one at a time. */
interface Poller {
  ids: string[]
  /** Of each poll, at most. */
  waitSeconds: number
  /** From the latest answer, while the API is behind. */
  retryAfter?: number | undefined
  /** Aborted when nobody waits for any of its images any more. */
  left: AbortController
}

/**
 * All waits of a client share at most two polls. A new image does not disturb a poll that is open: it joins the next poll,
 * or a second one. An aborted poll would go on in the API, and be paid for.
 */
export function createWaits({ ask }: Api) {
  const pending = new Map<string, PendingImage>()
  const pollers = new Set<Poller>()
  let longPollingMs = LONG_POLLING_MS
  let secondPollTimer: ReturnType<typeof setTimeout> | undefined

  function startPoller() {
    if (pollers.size === MAX_POLLS || freeIds().length === 0) return
    const isFirst = ![...pollers].some(({ waitSeconds }) => waitSeconds === LONG_POLL_SECONDS)
    const waitSeconds = isFirst ? LONG_POLL_SECONDS : SECOND_POLL_SECONDS
    const poller = { ids: [], waitSeconds, left: new AbortController() }
    pollers.add(poller)
    void run(poller)
  }

  function startSecondPoller() {
    stopSecondPollTimer()
    startPoller()
  }

  function stopSecondPollTimer() {
    clearTimeout(secondPollTimer)
    secondPollTimer = undefined
  }

  async function run(poller: Poller) {
    let failures = 0
    let empty = 0
    while (takeIds(poller)) {
      const { ids } = poller
      const { signal } = poller.left
      if (isOffline()) {
        await pause(OFFLINE_PAUSE_MS, signal)
        continue
      }
      try {
        empty = (await poll(poller)) > 0 ? 0 : empty + 1
        failures = 0
        await pause(isHidden() ? HIDDEN_PAUSE_MS : Math.max(pauseMs(empty), behindMs(poller)), signal)
      } catch (error) {
        if (signal.aborted) continue
        if (error instanceof DarkroomError && error.retryable)
          await pause(backoffMs(++failures, error.retryAfter), signal)
        else for (const id of ids) settle(id, { error })
      }
    }
    pollers.delete(poller)
    if (pollers.size === 0) stopSecondPollTimer()
  }

  function pauseMs(emptyPolls: number): number {
    return emptyPolls === 0
      ? Math.min(pending.size * PAUSE_PER_IMAGE_MS, MAX_BATCH_PAUSE_MS)
      : Math.min(MIN_EMPTY_PAUSE_MS * 1.3 ** (emptyPolls - 1), MAX_EMPTY_PAUSE_MS)
  }

  /** Clients that were told the same seconds do not all ask at the same time. */
  function behindMs({ retryAfter = 0 }: Poller): number {
    return retryAfter * 1000 * (1 + Math.random() / 2)
  }

  function freeIds(): string[] {
    return [...pending].filter(([, { poller }]) => !poller).map(([id]) => id)
  }

  /** Gives a poller the images that no other poller asks for. Returns whether there are any. */
  function takeIds(poller: Poller): boolean {
    for (const image of pending.values()) if (image.poller === poller) image.poller = undefined
    poller.ids = freeIds().slice(0, MAX_IDS)
    poller.left = new AbortController()
    for (const id of poller.ids) Object.assign(pending.get(id) ?? {}, { poller })
    return poller.ids.length > 0
  }

  /** Returns the number of images that became final. */
  async function poll(poller: Poller): Promise<number> {
    const { ids } = poller
    const { items, notFound } = await askFor(poller)
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

  /** Takes the time that it may wait from the rest of the long polling, and returns what it did not need. */
  async function askFor(poller: Poller): Promise<Selection> {
    const { ids, waitSeconds, left } = poller
    const { signal } = left
    const leftMs = Math.max(...ids.map((id) => pending.get(id)?.untilMs ?? 0)) - Date.now()
    const wait = Math.max(0, Math.min(waitSeconds, Math.floor(Math.min(longPollingMs, leftMs) / 1000)))
    const path = `/images?ids=${ids.map(encodeURIComponent).join()}`
    const headers = { prefer: `wait=${wait}` }
    const isResult = ({ items, notFound }: Selection) => Array.isArray(items) && Array.isArray(notFound)
    const startedAt = Date.now()
    const onRetryAfter = (seconds: number) => {
      poller.retryAfter = seconds
    }
    longPollingMs -= wait * 1000
    poller.retryAfter = undefined
    try {
      return await ask({ path, headers, signal }, { status: 200, isResult, onRetryAfter })
    } finally {
      longPollingMs += wait * 1000 - (Date.now() - startedAt)
    }
  }

  function settle(id: string, result: WaitResult) {
    for (const wait of pending.get(id)?.waits ?? []) wait(result)
  }

  /** Aborts the request when nobody is waiting any more. */
  function leave(id: string, wait: (result: WaitResult) => void) {
    const image = pending.get(id)
    image?.waits.delete(wait)
    if (!image || image.waits.size > 0) return
    pending.delete(id)
    const { poller } = image
    if (poller?.ids.every((other) => pending.get(other)?.poller !== poller)) poller.left.abort()
  }

  function join(id: string, wait: (result: WaitResult) => void, untilMs: number) {
    const image = pending.get(id)
    if (image) {
      image.untilMs = Math.max(image.untilMs, untilMs)
      return image.waits.add(wait)
    }
    pending.set(id, { waits: new Set([wait]), untilMs })
    longPollingMs += LONG_POLLING_PER_IMAGE_MS
    // Waits that start in the same tick share a request.
    if (pollers.size === 0) queueMicrotask(startPoller)
    else secondPollTimer ??= setTimeout(startSecondPoller, SECOND_POLL_DELAY_MS)
  }

  /** A poll that is open, or other images, can have kept the first answer about an image away until its timeout. */
  async function askNow(id: string, signal: AbortSignal): Promise<WaitResult> {
    const path = `/images/${encodeURIComponent(id)}`
    const isResult = (image: ImageStatus) => image.id === id
    try {
      return { status: await ask<ImageStatus>({ path, signal }, { status: 200, isResult }) }
    } catch (error) {
      return { error: signal.aborted ? networkError(error) : error }
    }
  }

  return (
    imageId: string,
    { timeout = DEFAULT_TIMEOUT_MS, signal }: WaitOptions = {},
  ): Promise<ImageStatus> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const id = imageId.toLowerCase()
      const timeoutMs = Math.min(timeout, MAX_TIMER_MS)
      const lastRequest = new AbortController()
      const finish = (result: WaitResult) => {
        clearTimeout(timer)
        lastRequest.abort()
        signal?.removeEventListener('abort', onAbort)
        leave(id, finish)
        if ('status' in result) resolve(result.status)
        else reject(result.error)
      }
      const onAbort = () => finish({ error: signal?.reason })
      let timer = setTimeout(() => {
        const known = pending.get(id)?.known
        if (known) return finish({ status: known })
        if (isOffline()) return finish({ error: networkError() })
        timer = setTimeout(() => finish({ error: networkError() }), LAST_ANSWER_MS)
        void askNow(id, lastRequest.signal).then(finish)
      }, timeoutMs)
      signal?.addEventListener('abort', onAbort)
      join(id, finish, Date.now() + timeoutMs)
    })
}
