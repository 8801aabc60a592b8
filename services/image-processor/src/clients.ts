import { SQSClient } from '@aws-sdk/client-sqs'
import { openBucket, SETTINGS_TIMEOUTS } from '@darkroom/bucket'
import { env } from './environment.ts'
import { reportUnreadable } from './metrics.ts'

/** No user waits for this, but a hanging request would delay the whole batch. */
export const timeouts = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
}

export const bucket = openBucket(env.BUCKET, timeouts, reportUnreadable)
/** Without applied settings, those that were deployed are used: see `openSettings`. */
export const settingsBucket = openBucket(env.BUCKET, SETTINGS_TIMEOUTS)
export const sqs = new SQSClient(timeouts)
