import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { HeadBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { GetQueueAttributesCommand, GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createSqsClient } from '../sqs/queue.ts'
import { createResolve, readTemplate, type Template } from '../template.ts'
import { recordLog } from '../testing/record-log.ts'
import { createTestQueue, region } from '../testing/sqs-for-tests.ts'
import { createResources } from './create-resources.ts'

let aws: LocalAws

beforeAll(async () => {
  aws = await startLocalAws()
})
beforeEach(() => {
  Object.assign(process.env, awsEnvironment(aws.endpoint))
})
afterAll(() => aws.stop())

async function create(parts: Partial<Template>, { log } = recordLog()) {
  const template = readTemplate(parts)
  const resolve = createResolve(template, { region, stackName: 'svc-local' })
  await createResources(template, { region, resolve, log })
}

async function attributesOf(name: string) {
  const client = createSqsClient(region)
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }))
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  )
  return Attributes
}

const queue = (Properties: Record<string, unknown>) => ({ Type: 'AWS::SQS::Queue', Properties })

test('creates a queue with its attributes, and a dead-letter queue that comes later in the template', async () => {
  await create({
    Resources: {
      Work: queue({
        QueueName: 'work',
        VisibilityTimeout: 90,
        MessageRetentionPeriod: 345_600,
        MaximumMessageSize: 2048,
        ReceiveMessageWaitTimeSeconds: 20,
        DelaySeconds: 1,
        SqsManagedSseEnabled: true,
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 5 },
      }),
      Dead: queue({ QueueName: 'dead', MessageRetentionPeriod: 1_209_600 }),
    },
  })
  const attributes = await attributesOf('work')
  expect(attributes).toMatchObject({
    VisibilityTimeout: '90',
    MessageRetentionPeriod: '345600',
    MaximumMessageSize: '2048',
    ReceiveMessageWaitTimeSeconds: '20',
    DelaySeconds: '1',
  })
  expect(JSON.parse(String(attributes?.RedrivePolicy))).toEqual({
    deadLetterTargetArn: `arn:aws:sqs:${region}:000000000000:dead`,
    maxReceiveCount: 5,
  })
  expect(await attributesOf('dead')).toMatchObject({ MessageRetentionPeriod: '1209600' })
})

test('an existing queue keeps its messages and gets the new attributes', async () => {
  const existing = await createTestQueue('kept', { VisibilityTimeout: '10' })
  await existing.send('still here')
  await create({ Resources: { Kept: queue({ QueueName: 'kept', VisibilityTimeout: 60 }) } })
  expect(await attributesOf('kept')).toMatchObject({
    VisibilityTimeout: '60',
    ApproximateNumberOfMessages: '1',
  })
})

test('creating a FIFO queue is idempotent', async () => {
  const parts = {
    Resources: {
      Fifo: queue({ QueueName: 'ordered.fifo', FifoQueue: true, ContentBasedDeduplication: true }),
    },
  }
  await create(parts)
  await create(parts)
  expect(await attributesOf('ordered.fifo')).toMatchObject({
    FifoQueue: 'true',
    ContentBasedDeduplication: 'true',
  })
})

test('creating a bucket is idempotent', async () => {
  const parts = {
    Resources: { Images: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'images-local' } } },
  }
  await create(parts)
  await create(parts)
  const s3 = new S3Client({ region })
  await expect(s3.send(new HeadBucketCommand({ Bucket: 'images-local' }))).resolves.toBeDefined()
})

test('creating a table is idempotent', async () => {
  const usage = {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      TableName: { 'Fn::Join': ['-', ['usage', { Ref: 'AWS::StackName' }]] },
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    },
  }
  await create({ Resources: { Usage: usage } })
  await create({ Resources: { Usage: usage } })
  const dynamodb = new DynamoDBClient({ region })
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: 'usage-svc-local' }))
  expect(Table).toMatchObject({ TableStatus: 'ACTIVE', KeySchema: usage.Properties.KeySchema })
  dynamodb.destroy()
})

/** Waits for a message. */
async function receive(name: string): Promise<string> {
  const client = createSqsClient(region)
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }))
  const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }))
  return String(Messages[0]?.Body)
}

test('a bucket notifies a queue of the keys with a prefix, also after a second start', async () => {
  const parts = {
    Resources: {
      Images: {
        Type: 'AWS::S3::Bucket',
        Properties: {
          BucketName: 'notifying',
          NotificationConfiguration: {
            QueueConfigurations: [
              {
                Event: 's3:ObjectCreated:*',
                Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'metadata/' }] } },
                Queue: { 'Fn::GetAtt': ['Written', 'Arn'] },
              },
            ],
          },
        },
      },
      Written: queue({ QueueName: 'written' }),
    },
  }
  await create(parts)
  await create(parts)
  for (const _ of [1, 2]) expect(await receive('written')).toContain('s3:TestEvent')
  const s3 = new S3Client({ region })
  for (const Key of ['input/a', 'metadata/a']) {
    await s3.send(new PutObjectCommand({ Bucket: 'notifying', Key, Body: 'x' }))
  }
  expect(JSON.parse(await receive('written')).Records).toMatchObject([
    { s3: { object: { key: 'metadata/a' } } },
  ])
})

test('a queue that subscribes to a topic gets what its filter selects', async () => {
  const parts = {
    Resources: {
      Events: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'events' } },
      ToQueue: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: { Ref: 'Events' },
          Protocol: 'sqs',
          Endpoint: { 'Fn::GetAtt': ['Subscribed', 'Arn'] },
          RawMessageDelivery: true,
          FilterPolicy: { type: ['wanted'] },
        },
      },
      ToPerson: {
        Type: 'AWS::SNS::Subscription',
        Properties: { TopicArn: { Ref: 'Events' }, Protocol: 'email', Endpoint: 'a@example.org' },
      },
      Subscribed: queue({ QueueName: 'subscribed' }),
    },
  }
  await create(parts)
  await create(parts)
  const sns = new SNSClient({ region })
  for (const type of ['other', 'wanted']) {
    await sns.send(
      new PublishCommand({
        TopicArn: `arn:aws:sns:${region}:000000000000:events`,
        Message: type,
        MessageAttributes: { type: { DataType: 'String', StringValue: type } },
      }),
    )
  }
  expect(await receive('subscribed')).toBe('wanted')
  expect(await attributesOf('subscribed')).toMatchObject({ ApproximateNumberOfMessages: '0' })
})

test('skips resources whose condition is false or cannot be evaluated', async () => {
  const conditional = (name: string, Condition: string) => ({ ...queue({ QueueName: name }), Condition })
  await create({
    Conditions: {
      Yes: { 'Fn::Equals': ['a', 'a'] },
      No: { 'Fn::Equals': ['a', 'b'] },
      Unknown: { 'Fn::Equals': [{ 'Fn::ImportValue': 'x' }, 'y'] },
    },
    Resources: {
      Made: conditional('made', 'Yes'),
      Unmade: conditional('unmade', 'No'),
      Unknown: conditional('unknown', 'Unknown'),
    },
  })
  await expect(attributesOf('made')).resolves.toBeDefined()
  await expect(attributesOf('unmade')).rejects.toThrow()
  await expect(attributesOf('unknown')).rejects.toThrow()
})

test.each([
  ['a queue without a name', queue({}), 'invalid-resource'],
  [
    'a missing dead-letter queue',
    queue({
      QueueName: 'lost',
      RedrivePolicy: { deadLetterTargetArn: 'arn:aws:sqs:x:1:gone', maxReceiveCount: 1 },
    }),
    'unknown-queue',
  ],
  ['a value out of range', queue({ QueueName: 'forever', VisibilityTimeout: 50_000 }), 'refused-resource'],
])('%s is an error', async (_, resource, slug) => {
  await expect(create({ Resources: { Wrong: resource } })).rejects.toMatchObject({ slug })
})

test('creates nothing without a local endpoint', async () => {
  delete process.env.AWS_ENDPOINT_URL
  await expect(create({ Resources: { Work: queue({ QueueName: 'work' }) } })).rejects.toMatchObject({
    slug: 'no-local-endpoint',
  })
})

test('waits for a server that is not running yet', async () => {
  const { port } = aws
  await aws.stop()
  const recorded = recordLog()
  const creating = create({ Resources: { Late: queue({ QueueName: 'late' }) } }, recorded)
  await recorded.waitFor(/is not responding/)
  aws = await startLocalAws({ port })
  await creating
  expect(recorded.lines.map(({ level }) => level)).toEqual(['warning', 'info', 'notice'])
})
