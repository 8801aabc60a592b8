import { setTimeout } from 'node:timers/promises'
import { type AppId, ProblemError } from '@darkroom/core'
import { openLimiter, openUsageTable, type Use, usageTableName } from '@darkroom/rate-limits'
import { countUncounted } from './count-records.ts'
import { env } from './environment.ts'
import { logger } from './logger.ts'
import { settingsOf } from './settings.ts'

/** Limits what apps may send, together with upload-api. */
const limiter = openLimiter({
  table: openUsageTable(usageTableName(env.STAGE)),
  limitsOf: settingsOf,
  onFailure: (app, error) => {
    logger.error('records are accepted without limits', { app, error })
    countUncounted()
  },
})

/**
 * Counts an image of a record. A record cannot be refused for coming too fast: it waits here until there is room for it, which
 * delays only its own topic's partition (decisions/0064-limits-over-kafka.md).
 *
 * @param waitUntil Unix milliseconds
 * @throws ProblemError `rate-limited` if there is no room until then, `quota-exceeded`
 */
export async function admitRecord(app: AppId, use: Use, waitUntil: number): Promise<void> {
  for (;;) {
    try {
      await limiter.admit(app, use)
      return
    } catch (error) {
      if (!(error instanceof ProblemError) || error.slug !== 'rate-limited') throw error
      const waitMs = Number(error.headers['retry-after']) * 1000
      if (Date.now() + waitMs > waitUntil) throw error
      await setTimeout(waitMs)
    }
  }
}
