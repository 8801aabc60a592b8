import type { ImageStatus } from '@darkroom/core'
import type { Subject } from './actors.ts'

/** What a client did: a request to the API, or (`store`, `begin`, `part`, `abort`) to S3. */
type Deed = 'send' | 'plan' | 'store' | 'begin' | 'part' | 'abort' | 'complete' | 'erase' | 'look'

/** Something that a client did, and what it was answered. */
export interface Answered {
  what: Deed
  from: number
  to: number
  /** Undefined if no answer came: it may have taken effect or not. */
  status: number | undefined
  /** Whether an image was accepted under the client's own id. */
  isAccepted?: boolean
  shown?: ImageStatus['status']
}

/**
 * The model of answers: what the API may say, given what it has said before and what the client has done by then. Requests that
 * overlap, or were not answered, may have happened in either order or not at all.
 */
export function* wrongAnswers(subject: Subject): Generator<string> {
  for (const answer of subject.answers) {
    if (answer.status === undefined) continue
    const expected = expectedOf(answer, subject)
    if (!expected.includes(answer.status))
      yield `${answer.what} was answered ${answer.status} instead of ${expected.join(' or ')}`
  }
}

function expectedOf({ what, from, to }: Answered, subject: Subject): number[] {
  const { answers, picture, chosenId } = subject
  const isText = picture.bytes === 'text'
  const tried = (deed: Deed) => answers.some((other) => other.what === deed && other.from < to)
  const done = (deed: Deed) =>
    answers.some((other) => other.what === deed && other.to <= from && isSuccess(other))
  // The image of a record is known once its original is stored.
  const wasAccepted =
    picture.source === 'kafka' || answers.some(({ isAccepted, to }) => isAccepted && to <= from)
  const isErased = chosenId !== undefined && done('erase')
  const mayBeErased = chosenId !== undefined && tried('erase')
  // Nobody has completed, refused or aborted it yet.
  const isStored = done('store') && !tried('abort') && !isText
  switch (what) {
    case 'send':
      if (isErased) return [410]
      if (picture.isRefusedByS3 && !isText)
        // Known bytes need not be stored again.
        return [400, ...(subject.mayBeKnown ? [202] : []), ...(mayBeErased ? [410] : [])]
      return [isText ? 415 : 202, ...(mayBeErased ? [410] : [])]
    case 'plan':
      return isErased ? [410] : [201, ...(mayBeErased ? [410] : [])]
    case 'complete': {
      if (isErased) return [410]
      // Parts that were begun and not sent are asked for, even if the image was accepted before.
      const others = [...(mayBeErased ? [410] : []), ...(tried('begin') ? [409] : [])]
      if (isText) return [404, 415, ...others]
      if (wasAccepted || isStored) return [202, ...others]
      return [404, ...(tried('store') || tried('part') ? [202] : []), ...others]
    }
    case 'erase': {
      const isThere = wasAccepted || isStored || isErased
      return [200, ...(isThere ? [] : [404]), ...(subject.wasHeld ? [409] : [])]
    }
    case 'look':
      return wasAccepted || isErased ? [200] : [200, 404]
    default:
      return [200, 204]
  }
}

const isSuccess = ({ status = 0 }: Answered) => status >= 200 && status < 300
