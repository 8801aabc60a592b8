import { openLimiter, openUsageTable, usageTableName } from '@darkroom/rate-limits'
import { env } from './environment.ts'
import { logger } from './logger.ts'
import { count } from './metrics.ts'
import { settingsOf } from './settings.ts'

/** Limits what apps may send, together with kafka-bridge. */
export const limiter = openLimiter({
  table: openUsageTable(usageTableName(env.STAGE)),
  limitsOf: settingsOf,
  onFailure: (app, error) => {
    logger.error('uploads are accepted without limits', { app, error })
    count('UploadsNotCounted')
  },
})
