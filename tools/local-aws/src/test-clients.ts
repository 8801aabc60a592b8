import { S3Client } from '@aws-sdk/client-s3'
import { SNSClient } from '@aws-sdk/client-sns'
import { SQSClient } from '@aws-sdk/client-sqs'

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

/** For requests without the SDK: the signature in this header is not checked. */
export const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=local' }

/** One attempt only, so that tests see the server's first response. */
const shared = { region: 'us-east-1', credentials, maxAttempts: 1 }

export function s3For(endpoint: string): S3Client {
  return new S3Client({ ...shared, endpoint })
}

export function sqsFor(endpoint: string): SQSClient {
  return new SQSClient({ ...shared, endpoint })
}

export function snsFor(endpoint: string): SNSClient {
  return new SNSClient({ ...shared, endpoint })
}
