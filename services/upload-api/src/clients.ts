import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'

/** A caller waits for the answer, so an outage has to be noticed within seconds. */
const impatient = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 4_000, throwOnRequestTimeout: true },
}

export const s3 = new S3Client(impatient)
export const sqs = new SQSClient(impatient)

/** Signs requests that others send: without this it would sign the checksum of a body that it has not seen. */
export const signer = new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED' })
