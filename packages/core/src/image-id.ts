import { createHash } from 'node:crypto'
import { v7 } from 'uuid'
import * as z from 'zod'
import type { AppId } from './app-id.ts'

/** The last instant whose year has four digits. */
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/**
 * A UUIDv7 (RFC 9562, section 5.7) in lower case. Its first 48 bits are the time of acceptance in Unix
 * milliseconds, so the id alone gives the date partition, and with it every key of the image.
 */
export const ImageId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, {
    error: 'must be a UUIDv7 in lower case',
    abort: true,
  })
  .refine((id) => millisecondsOf(id) <= LAST_INSTANT, 'has a time after the year 9999')
  .meta({ description: 'The image id, a UUIDv7.', example: '01a207d9-2100-7000-8000-0a1b2c3d4e5f' })
export type ImageId = z.infer<typeof ImageId>

/** A new id for an image accepted at `time`. */
export function newImageId(time: Date = new Date()): ImageId {
  return v7({ msecs: time.getTime() })
}

/** The lowest id of this instant: later ids sort after it, earlier ids before it. */
export function firstIdAt(time: Date): ImageId {
  return v7({ msecs: time.getTime(), seq: 0, random: new Uint8Array(16) })
}

/** The highest id before this instant. */
export function lastIdBefore(time: Date): ImageId {
  return v7({ msecs: time.getTime() - 1, seq: 0xffffffff, random: new Uint8Array(16).fill(0xff) })
}

/**
 * The id of an image that was sent as an event: a time plus a hash of app, source and event id (CloudEvents `source` +
 * `id` identify an event). The part after the time is the same for all ids of one event.
 *
 * @throws RangeError if an id cannot have that time (before 1970, after 9999, or invalid)
 */
export function deriveImageId(event: { app: AppId; time: Date; source: string; id: string }): ImageId {
  const msecs = event.time.getTime()
  if (!(msecs >= 0 && msecs <= LAST_INSTANT))
    throw new RangeError('an image id needs a time from 1970 to 9999')
  const name = JSON.stringify([event.app, event.source, event.id])
  const random = createHash('sha256').update(name).digest().subarray(0, 16)
  return v7({ msecs, random })
}

/** The time in the id: when the image was accepted, in milliseconds. */
export function timeOf(id: ImageId): Date {
  return new Date(millisecondsOf(id))
}

/** The UTC date partition of an image, `yyyy-mm-dd`: always the id's own date. */
export function dateOf(id: ImageId): string {
  return timeOf(id).toISOString().slice(0, 10)
}

const MAX_BEHIND_MS = 24 * 3_600_000
const MAX_AHEAD_MS = 5 * 60_000

/**
 * Whether a time that a sender chose can be the time of acceptance in an id: within the last 24 hours, or at most 5 minutes
 * ahead. The id's date is the image's partition, so other times would put it where nobody looks. NaN is not plausible.
 */
export function isPlausibleTime(time: Date, now = Date.now()): boolean {
  const aheadMs = time.getTime() - now
  return aheadMs >= -MAX_BEHIND_MS && aheadMs <= MAX_AHEAD_MS
}

function millisecondsOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
