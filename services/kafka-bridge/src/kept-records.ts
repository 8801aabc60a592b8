import { appOfTopic } from '@darkroom/app-configuration/deployed'
import type { ProblemError, ProblemSlug } from '@darkroom/core'
import { RefusedImage } from './submission.ts'

/**
 * What is stored of a rejected record: itself and the status of its image, only the status, or only its position in a list
 * (decisions/0068-storms-of-rejected-records.md).
 */
export type Kept = 'record' | 'status' | 'position'

/** Of one app in a minute, by one instance of the function. */
const MAX_RECORDS = 60
const MAX_STATUSES = 600
const MINUTE_MS = 60_000

/** The record may be a good one: nobody but its sender, or we, can make it right. It is always kept. */
const MAY_BE_VALID: ProblemSlug[] = ['quota-exceeded', 'internal']

/** What is stored of the rejected records of apps in their current minute. */
const minutes = new Map<string, { startedAt: number; records: number; statuses: number }>()

/** Decides what is stored of a rejected record, and counts it. */
export function keptOf(topic: string, problem: ProblemError, now = Date.now()): Kept {
  if (MAY_BE_VALID.includes(problem.slug)) return 'record'
  const minute = minuteOf(appOfTopic[topic] ?? topic, now)
  if (++minute.records <= MAX_RECORDS) return 'record'
  return problem instanceof RefusedImage && ++minute.statuses <= MAX_STATUSES ? 'status' : 'position'
}

function minuteOf(app: string, now: number) {
  const current = minutes.get(app)
  if (current && Math.abs(now - current.startedAt) < MINUTE_MS) return current
  const minute = { startedAt: now, records: 0, statuses: 0 }
  minutes.set(app, minute)
  return minute
}

/** Begins as a new instance does. For simulations, in which time begins again. */
export function forgetKept(): void {
  minutes.clear()
}
