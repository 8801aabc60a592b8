import { AthenaClient } from '@aws-sdk/client-athena'
import { SQSClient } from '@aws-sdk/client-sqs'
import { askAthena, mergesOf } from '@darkroom/analytics'
import { openBucket } from '@darkroom/bucket'
import { env } from './environment.ts'

/** No user waits for this, but a hanging request would use up the time of a batch. */
const timeouts = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
}

export const bucket = openBucket(env.BUCKET, timeouts)
export const sqs = new SQSClient(timeouts)
export const athena = new AthenaClient()
export const merges = mergesOf(env.STAGE)
export const catalogue = askAthena(athena, merges)
