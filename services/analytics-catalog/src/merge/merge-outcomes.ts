import { isMerging, mergeCollected } from '@darkroom/analytics'
import { listCollected } from '@darkroom/bucket'
import { OUTCOMES } from '@darkroom/core'
import { athena, bucket, catalogue, merges } from '../clients.ts'
import { logger } from '../logger.ts'
import { reportMergeLag } from '../metrics.ts'

/** Of the function's 15 minutes: a statement that is started later may not end before it. Athena ends it all the same. */
const LAST_START_MS = 8 * 60_000
const HOUR_MS = 3_600_000
/** A system without images asks Athena nothing, except in the first call of each hour. */
const ALWAYS_UNTIL_MINUTE = 5

/** Merges what was collected since the last merge. If a merge still runs, as after a timeout, it does nothing. */
export async function handler(): Promise<void> {
  const now = Date.now()
  if (!(await hasRecentFiles(now)) && new Date(now).getUTCMinutes() >= ALWAYS_UNTIL_MINUTE)
    return reportMergeLag(0)
  if (await isMerging(athena, merges.workGroup)) return logger.info('a merge still runs')
  const merged = await mergeCollected(catalogue, bucket, {
    now,
    deadline: now + LAST_START_MS,
  })
  logger.info('outcomes merged', { ...merged, milliseconds: Date.now() - now })
  reportMergeLag(merged.lagMs)
}

async function hasRecentFiles(now: number): Promise<boolean> {
  const files = listCollected(bucket, OUTCOMES, new Date(now - HOUR_MS).toISOString())
  return (await files.next()).done === false
}
