import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'

/** Nobody waits on the line, but a hanging request would hold the whole batch up. */
const patient = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
}

export const s3 = new S3Client(patient)
export const sqs = new SQSClient(patient)
