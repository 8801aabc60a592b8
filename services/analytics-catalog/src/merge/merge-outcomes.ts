import { isWritingImages, mergeCollected } from '@darkroom/analytics'
import { listCollected } from '@darkroom/bucket'
import { OUTCOMES } from '@darkroom/core'
import { athena, bucket, catalogue, merges } from '../clients.ts'
import { logger } from '../logger.ts'
import { maintainTables } from '../maintain/maintain-tables.ts'
import { reportMergeLag } from '../metrics.ts'

/** Of the function's 15 minutes: a statement that is started later may not end before it. Athena ends it all the same. */
const LAST_START_MS = 8 * 60_000
const HOUR_MS = 3_600_000
/** In the first call of each hour older files count, too: they are kept for three days, and one may be left of a merge that failed. */
const OLDER_UNTIL_MINUTE = 5

/**
 * Merges what was collected since the last merge, and then goes on with the daily maintenance of the tables. If a merge still runs, as after a
 * timeout, or files of the table are being rewritten, it does nothing. A system without images asks Athena little, once a day.
 */
export async function handler(): Promise<void> {
  const now = Date.now()
  if (!(await hasFiles(now))) reportMergeLag(0)
  else if (await isWritingImages(athena, merges.workGroup)) return logger.info('the table is being written')
  else await merge(now)
  await maintainTables(now)
}

async function merge(now: number): Promise<void> {
  const merged = await mergeCollected(catalogue, bucket, {
    now,
    deadline: now + LAST_START_MS,
  })
  logger.info('outcomes merged', { ...merged, milliseconds: Date.now() - now })
  reportMergeLag(merged.lagMs)
}

async function hasFiles(now: number): Promise<boolean> {
  const hourAgo = new Date(now - HOUR_MS)
  const after = hourAgo.getUTCMinutes() < OLDER_UNTIL_MINUTE ? undefined : hourAgo.toISOString()
  const files = listCollected(bucket, OUTCOMES, after)
  return (await files.next()).done === false
}
