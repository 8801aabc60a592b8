import { SQSClient } from '@aws-sdk/client-sqs'
import { openBucket, SETTINGS_TIMEOUTS, SIGNER_SETTINGS } from '@darkroom/bucket'
import { env } from './environment.ts'
import { reportUnreadable } from './metrics.ts'

/** A client waits for the answer, so an outage has to be detected within seconds. */
const shortTimeouts = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 4_000, throwOnRequestTimeout: true },
}

export const bucket = openBucket(env.BUCKET, shortTimeouts, reportUnreadable)
/** Without applied settings, those that were deployed are used: see `openSettings`. */
export const settingsBucket = openBucket(env.BUCKET, SETTINGS_TIMEOUTS)
export const sqs = new SQSClient(shortTimeouts)

/** Signs the requests that clients send to S3. */
export const signer = openBucket(env.BUCKET, SIGNER_SETTINGS)
