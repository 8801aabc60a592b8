// @ts-check
import { limit } from './limit.js'
import { askServer } from './server.js'

/** @import { Frame } from './frame.js' */

/** One question at a time for each image, and so many in all. */
const questions = limit(4)

const SECOND = 1000
/** Between two questions, should the answers come without any wait. */
const PAUSE = 200
/** A retried key may be older than the backend trusts an image to be on its way; then its 404 is not the last word. */
const PATIENCE = 60 * SECOND

/**
 * Asks what became of an image until that is final: at once first, to see whether it has left Kafka, and then by
 * long polls, short ones while other images wait for their turn.
 *
 * @param {string} id @param {Frame} frame
 */
export async function followImage(id, frame) {
  const began = Date.now()
  let failures = 0
  let wait = 0
  for (;;) {
    const answer = await questions.run(() => askServer(`/api/images/${id}`, wait))
    wait = questions.crowded() ? 2 : 20
    if (!('problem' in answer)) {
      failures = 0
      if (frame.update(answer)) return
      await pause(PAUSE)
    } else if (answer.problem.status === 404 && Date.now() - began > PATIENCE) {
      return frame.fails(
        'Kafka took this picture, but the Darkroom did not. It may not be an image it can read.',
      )
    } else if (answer.problem.status === 410) {
      return frame.fails(answer.problem.detail)
    } else {
      failures++
      if (answer.problem.status !== 404) frame.worry(answer.problem.detail)
      await pause(Math.min(SECOND * 2 ** failures, 15 * SECOND))
    }
  }
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
