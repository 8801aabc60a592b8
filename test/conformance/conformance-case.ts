import { S3Client, type S3ServiceException } from '@aws-sdk/client-s3'
import { SNSClient } from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'

/** Clients of one server, with one attempt each, so that a case sees the server's first answer. */
export interface AwsClients {
  s3: S3Client
  sqs: SQSClient
  sns: SNSClient
  /** Clients with the same access key and another secret. */
  forger: Pick<AwsClients, 's3' | 'sqs'>
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

const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' }

export function clientsOf(endpoint: string, credentials = localCredentials): AwsClients {
  const options = { endpoint, credentials, region: 'us-east-1', maxAttempts: 1, forcePathStyle: true }
  const forging = { ...options, credentials: { ...credentials, secretAccessKey: 'guessed' } }
  let names = 0
  return {
    s3: new S3Client(options),
    sqs: new SQSClient(options),
    sns: new SNSClient(options),
    forger: { s3: new S3Client(forging), sqs: new SQSClient(forging) },
    newName: () => `conformance-${process.pid}-${++names}`,
  }
}

/** A queue that S3 and SNS may send to. */
export async function openQueue({ sqs }: AwsClients, QueueName: string) {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName }))
  const AttributeNames = ['QueueArn' as const]
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))
  const QueueArn = Attributes?.QueueArn ?? ''
  const Principal = { Service: ['s3.amazonaws.com', 'sns.amazonaws.com'] }
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: QueueArn }]
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }))
  return { QueueUrl, QueueArn }
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
