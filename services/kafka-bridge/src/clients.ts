import { SQSClient } from '@aws-sdk/client-sqs'
import { openBucket } from '@darkroom/bucket'
import { env } from './environment.ts'

const timeouts = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
}

export const bucket = openBucket(env.BUCKET, timeouts)
export const sqs = new SQSClient(timeouts)
