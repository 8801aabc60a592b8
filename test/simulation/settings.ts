import { Preset } from '@darkroom/core'
import type { Retention } from '@darkroom/retention'

export const MINUTE_MS = 60_000
export const DAY_MS = 24 * 60 * MINUTE_MS

/** Days. Longer than any history, which ends before anything expires; after some, time passes until all has expired. */
export const retention: Retention = {
  default: {
    input: 20,
    processed: 40,
    metadata: 60,
    claims: 60,
    rejected: 60,
    uploads: 20,
    unfinishedUploads: 20,
  },
  apps: {},
}

/** The queues of the templates of image-processor and analytics-catalog. */
export const QUEUES = {
  images: { visibilityTimeoutMs: 6 * MINUTE_MS, retentionMs: 4 * DAY_MS, maxReceives: 5 },
  deadLetters: { visibilityTimeoutMs: 6 * MINUTE_MS, retentionMs: 14 * DAY_MS, maxReceives: 1000 },
  undelivered: { visibilityTimeoutMs: 7 * MINUTE_MS, retentionMs: 14 * DAY_MS },
  parked: { visibilityTimeoutMs: 30_000, retentionMs: 14 * DAY_MS },
  watch: {
    delayMs: 2 * MINUTE_MS,
    visibilityTimeoutMs: 6 * MINUTE_MS,
    retentionMs: 4 * DAY_MS,
    maxReceives: 1000,
  },
  outcomes: { visibilityTimeoutMs: 6 * MINUTE_MS, retentionMs: 4 * DAY_MS, maxReceives: 1000 },
  collect: { visibilityTimeoutMs: 7 * MINUTE_MS, retentionMs: 4 * DAY_MS, maxReceives: 1000 },
}
export const MAX_BATCH = 4
/** Lambda gathers events for the collector so long. */
export const COLLECT_MS = 60_000
export const MAX_COLLECTED = 20
/** How often parked messages of finished images are deleted. */
export const CLEAR_PARKED_MS = 15 * MINUTE_MS

/** The functions' timeouts, and how long clients and operators have. */
export const LIMITS_MS = {
  http: 29_000,
  processImages: 60_000,
  settleDeadLetters: 30_000,
  clearParked: 50_000,
  bridge: 300_000,
  watchImages: 60_000,
  announceOutcomes: 30_000,
  collectEvents: 60_000,
  reconcileImages: 900_000,
  command: 600_000,
}

/** The presets of the first and the second deployment. All of them have variants of the same names. */
export function presetsOf(deployment: 1 | 2): Record<string, Preset> {
  const variants = (size: number) => [
    { name: 'thumb', size, format: 'webp', quality: 50 },
    { name: 'large', size: size * 2, format: 'jpeg', quality: 50 },
  ]
  return {
    default: Preset.parse({ version: deployment, variants: variants(deployment === 1 ? 16 : 20) }),
    big: Preset.parse({ version: 1, variants: variants(24).slice(0, 1) }),
  }
}
