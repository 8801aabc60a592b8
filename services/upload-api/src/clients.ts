import { SQSClient } from '@aws-sdk/client-sqs'
import { openBucket, SIGNER_SETTINGS } from '@darkroom/bucket'
import { env } from './environment.ts'
import { reportUnreadable } from './metrics.ts'

/** A caller waits for the answer, so an outage has to be noticed within seconds. */
const impatient = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 4_000, throwOnRequestTimeout: true },
}

export const bucket = openBucket(env.BUCKET, impatient, reportUnreadable)
export const sqs = new SQSClient(impatient)

/** Signs the requests that clients send to S3 themselves. */
export const signer = openBucket(env.BUCKET, SIGNER_SETTINGS)
