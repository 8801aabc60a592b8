import * as z from 'zod'
import { dateOf } from './image-id.ts'
import { OUTCOMES } from './keys.ts'
import { readOutcomeEvent } from './outcome-events.ts'
import { whyUnreadable } from './tolerant.ts'

const AnyEvent = z.looseObject({ type: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/) })

/** An event of the topic, as it is collected for analysts. */
export interface CollectedEvent {
  /** The kind of the file it belongs to, see `collectedKey`. */
  kind: string
  event: Record<string, unknown>
  /** The S3 URI of the document, if it is not in the event: it was too large for SNS. */
  dataref?: string | undefined
}

/**
 * Reads an event of the topic, of any type. Events about an image are `OUTCOMES`, also those of a later version; others are of
 * their own type. If it cannot be read, `unreadable` is the reason, for a log.
 */
export function readCollected(
  body: string,
): (CollectedEvent & { unreadable?: undefined }) | { kind?: undefined; unreadable: string } {
  try {
    const event = AnyEvent.parse(JSON.parse(body))
    if (!('sequence' in event)) return { kind: event.type, event }
    const { event: outcome, unreadable } = readOutcomeEvent(body)
    if (!outcome) return { unreadable }
    const { subject, data, dataref } = outcome
    if (data && data.image_id !== subject) return { unreadable: `its document is of image ${data.image_id}` }
    if (!data && dataref === undefined) return { unreadable: 'it has no document' }
    return { kind: OUTCOMES, event: { dt: dateOf(subject), ...event }, dataref: data ? undefined : dataref }
  } catch (error) {
    return { unreadable: whyUnreadable(error) }
  }
}

/** A line of a collected file: the event with the time of its file. */
export function toCollectedLine(event: Record<string, unknown>, collectedAt: string): string {
  return `${JSON.stringify({ ...event, collected_at: collectedAt })}\n`
}
