import { S3Client, type S3ServiceException } from '@aws-sdk/client-s3'
import { SNSClient } from '@aws-sdk/client-sns'
import { SQSClient } from '@aws-sdk/client-sqs'

/** Clients of one server, with one attempt each, so that a case sees the server's first answer. */
export interface AwsClients {
  s3: S3Client
  sqs: SQSClient
  sns: SNSClient
  /** A name for a new bucket, queue or topic. */
  newName(): string
}

/** A call and the answer that AWS documents. */
export interface ConformanceCase {
  part: 'S3' | 'S3 events' | 'SQS' | 'SNS'
  /** What AWS does. */
  name: string
  call(aws: AwsClients): Promise<unknown>
  answer: unknown
}

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

export function clientsOf(endpoint: string): AwsClients {
  const options = { endpoint, credentials, region: 'us-east-1', maxAttempts: 1 }
  let names = 0
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sqs: new SQSClient(options),
    sns: new SNSClient(options),
    newName: () => `conformance-${process.pid}-${++names}`,
  }
}

/** The code and status of a refusal, or `accepted`. The codes of SQS have a prefix in one of its two protocols. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'accepted'
  } catch (error) {
    const { name, $metadata } = error as S3ServiceException
    return `${$metadata?.httpStatusCode} ${name.split('.').at(-1)}`
  }
}
