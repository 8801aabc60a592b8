import { backoffMs, pause, untilOnline } from './connection.ts'
import type { Frame } from './frame.ts'
import { getJson, type PictureSelection } from './server.ts'

/** All pictures share these polls. The second one is for pictures that are added while the first is open. */
const MAX_POLLS = 2
const FIRST_WAIT_SECONDS = 20
const SECOND_WAIT_SECONDS = 5
/** The server's limit per request. */
const MAX_IDS = 100
/** Minimum pause between two polls, in case the server does not wait. */
const MIN_POLL_INTERVAL_MS = 1000
/** How long a picture may be unknown. The server considers a key old that was created long before it was sent. */
const NOT_FOUND_TIMEOUT_MS = 60_000

interface Followed {
  frame: Frame
  since: number
  isAsked: boolean
}

const followed = new Map<string, Followed>()
let polls = 0

/** Updates the frame until the picture is final. */
export function followPicture(id: string, frame: Frame): void {
  followed.set(id, { frame, since: Date.now(), isAsked: false })
  // Pictures that are added together share a poll.
  queueMicrotask(() => {
    if (polls < MAX_POLLS && freeIds().length > 0) void poll()
  })
}

function freeIds(): string[] {
  return [...followed]
    .filter(([, { isAsked }]) => !isAsked)
    .map(([id]) => id)
    .slice(0, MAX_IDS)
}

async function poll(): Promise<void> {
  const waitSeconds = polls++ === 0 ? FIRST_WAIT_SECONDS : SECOND_WAIT_SECONDS
  let failures = 0
  for (let ids = freeIds(); ids.length > 0; ids = freeIds()) {
    setAsked(ids, true)
    await untilOnline()
    const startedAt = Date.now()
    const answer = await getJson<PictureSelection>(`/api/images?ids=${ids}`, waitSeconds)
    setAsked(ids, false)
    if ('problem' in answer) {
      for (const id of ids) followed.get(id)?.frame.showWarning(answer.problem.detail)
      await pause(backoffMs(++failures))
      continue
    }
    failures = 0
    if (update(answer.body) === 0) await pause(MIN_POLL_INTERVAL_MS - (Date.now() - startedAt))
  }
  polls--
}

function setAsked(ids: string[], isAsked: boolean): void {
  for (const id of ids) Object.assign(followed.get(id) ?? {}, { isAsked })
}

/** Returns the number of pictures that became final. */
function update({ items, notFound }: PictureSelection): number {
  const before = followed.size
  for (const picture of items)
    if (followed.get(picture.id)?.frame.update(picture)) followed.delete(picture.id)
  for (const id of notFound) {
    const { frame, since = 0 } = followed.get(id) ?? {}
    if (Date.now() - since < NOT_FOUND_TIMEOUT_MS) continue
    frame?.showFailed('This picture was received, but it got lost. Add it again.')
    followed.delete(id)
  }
  return before - followed.size
}
