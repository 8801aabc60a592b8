import { SQSClient } from '@aws-sdk/client-sqs'
import { type Bucket, openBucket, SETTINGS_TIMEOUTS } from '@darkroom/bucket'
import { env } from './environment.ts'

export const bucket = openBucket(env.BUCKET, {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
})

/** Without applied settings, those that were deployed are used: see `openSettings`. */
export const settingsBucket = openBucket(env.BUCKET, SETTINGS_TIMEOUTS)

/** Where Lambda keeps the records that it gave up. */
export const undelivered: Bucket = { ...bucket, name: env.UNDELIVERED_BUCKET }

/** A batch of 50 records must fit into the function's timeout even if SQS is silent; the watch queue sends what is not sent here. */
export const sqs = new SQSClient({
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 2_000, throwOnRequestTimeout: true },
})
