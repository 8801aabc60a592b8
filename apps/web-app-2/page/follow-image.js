// @ts-check
import { limit } from './limit.js'
import { getJson } from './server.js'

/** @import { Frame } from './frame.js' */

/** At most one poll per image, and four polls in all. */
const polls = limit(4)

const SECOND_MS = 1000
/** Minimum pause between two polls, in case the server does not wait. */
const MIN_POLL_INTERVAL_MS = 200
/** How long a 404 counts as temporary. The backend returns it for a retried key that it considers too old. */
const NOT_FOUND_TIMEOUT_MS = 60 * SECOND_MS

/**
 * Polls an image's status until it is final. The first poll returns at once and shows whether the image has left Kafka.
 * The others are long polls, which are shorter while other images are waiting.
 *
 * @param {string} id @param {Frame} frame
 */
export async function followImage(id, frame) {
  const startedAt = Date.now()
  let failures = 0
  let waitSeconds = 0
  for (;;) {
    const result = await polls.run(() => getJson(`/api/images/${id}`, waitSeconds))
    waitSeconds = polls.isFull() ? 2 : 20
    if (!('problem' in result)) {
      failures = 0
      if (frame.update(result)) return
      await pause(MIN_POLL_INTERVAL_MS)
    } else if (result.problem.status === 404 && Date.now() - startedAt > NOT_FOUND_TIMEOUT_MS) {
      return frame.showFailed(
        'Kafka accepted this picture, but Darkroom did not. The file may not be a supported image.',
      )
    } else if (result.problem.status === 410) {
      return frame.showFailed(result.problem.detail)
    } else {
      failures++
      if (result.problem.status !== 404) frame.showWarning(result.problem.detail)
      await pause(Math.min(SECOND_MS * 2 ** failures, 15 * SECOND_MS))
    }
  }
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
