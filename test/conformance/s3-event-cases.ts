import {
  CreateBucketCommand,
  DeleteObjectCommand,
  type Event,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { type AwsClients, type ConformanceCase, openQueue, refusal } from './conformance-case.ts'

interface Rule {
  events?: Event[]
  prefix?: string
}

async function bucketAndQueue(aws: AwsClients) {
  const Bucket = aws.newName()
  await aws.s3.send(new CreateBucketCommand({ Bucket }))
  return { Bucket, ...(await openQueue(aws, Bucket)) }
}

function notify({ s3 }: AwsClients, Bucket: string, QueueArn: string, rules: Rule[]) {
  const QueueConfigurations = rules.map(({ events = ['s3:ObjectCreated:*'], prefix = '' }) => ({
    QueueArn,
    Events: events,
    Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value: prefix }] } },
  }))
  const NotificationConfiguration = { QueueConfigurations }
  return s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }))
}

/** Waits for so many messages. */
async function receive({ sqs }: AwsClients, QueueUrl: string, count: number) {
  const messages = []
  while (messages.length < count) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }))
    if (Messages.length === 0) break
    for (const { Body = '', ReceiptHandle } of Messages) {
      messages.push(JSON.parse(Body))
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
    }
  }
  return messages
}

const part = 'S3 events'

export const s3EventCases: ConformanceCase[] = [
  {
    part,
    name: 'rules are returned as they were set; a bucket without rules has none',
    async call(aws) {
      const { Bucket, QueueArn } = await bucketAndQueue(aws)
      const get = () => aws.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
      const none = await get()
      await notify(aws, Bucket, QueueArn, [{ prefix: 'input/' }])
      const { QueueConfigurations: [rule] = [] } = await get()
      const [filter] = rule?.Filter?.Key?.FilterRules ?? []
      return [
        none.QueueConfigurations,
        rule?.QueueArn === QueueArn,
        rule?.Events,
        filter?.Name?.toLowerCase(),
        filter?.Value,
      ]
    },
    answer: [undefined, true, ['s3:ObjectCreated:*'], 'prefix', 'input/'],
  },
  {
    part,
    name: 'a new rule sends s3:TestEvent',
    async call(aws) {
      const { Bucket, QueueUrl, QueueArn } = await bucketAndQueue(aws)
      await notify(aws, Bucket, QueueArn, [{}])
      const [message] = await receive(aws, QueueUrl, 1)
      return [message?.Service, message?.Event, message?.Bucket === Bucket]
    },
    answer: ['Amazon S3', 's3:TestEvent', true],
  },
  {
    part,
    name: 'an event has the key encoded, the size and the ETag without quotes',
    async call(aws) {
      const { Bucket, QueueUrl, QueueArn } = await bucketAndQueue(aws)
      await notify(aws, Bucket, QueueArn, [{}])
      await aws.s3.send(new PutObjectCommand({ Bucket, Key: 'red flower/é.jpg', Body: 'hello' }))
      const [, message] = await receive(aws, QueueUrl, 2)
      const { eventName, eventSource, s3 } = message?.Records?.[0] ?? {}
      const { key, size, eTag, sequencer } = s3?.object ?? {}
      return { eventName, eventSource, key, size, eTag, sequencer: /^[0-9A-F]+$/.test(sequencer) }
    },
    answer: {
      eventName: 'ObjectCreated:Put',
      eventSource: 'aws:s3',
      key: 'red+flower/%C3%A9.jpg',
      size: 5,
      eTag: '5d41402abc4b2a76b9719d911017c592',
      sequencer: true,
    },
  },
  {
    part,
    name: 'rules select by prefix and event',
    async call(aws) {
      const { Bucket, QueueUrl, QueueArn } = await bucketAndQueue(aws)
      await notify(aws, Bucket, QueueArn, [{ prefix: 'in/', events: ['s3:ObjectRemoved:*'] }])
      await aws.s3.send(new PutObjectCommand({ Bucket, Key: 'in/a', Body: 'x' }))
      await aws.s3.send(new PutObjectCommand({ Bucket, Key: 'out/a', Body: 'x' }))
      await aws.s3.send(new DeleteObjectCommand({ Bucket, Key: 'out/a' }))
      await aws.s3.send(new DeleteObjectCommand({ Bucket, Key: 'in/a' }))
      const [, message] = await receive(aws, QueueUrl, 2)
      const { eventName, s3 } = message?.Records?.[0] ?? {}
      return [eventName, s3?.object.key, s3?.object.size]
    },
    answer: ['ObjectRemoved:Delete', 'in/a', undefined],
  },
  {
    part,
    name: 'overlapping rules are refused',
    async call(aws) {
      const { Bucket, QueueArn } = await bucketAndQueue(aws)
      return refusal(
        notify(aws, Bucket, QueueArn, [{ prefix: 'a' }, { prefix: 'ab', events: ['s3:ObjectCreated:Put'] }]),
      )
    },
    answer: '400 InvalidArgument',
  },
  {
    part,
    name: 'a rule for a missing queue is refused',
    async call(aws) {
      const { Bucket, QueueArn } = await bucketAndQueue(aws)
      return refusal(notify(aws, Bucket, `${QueueArn}-missing`, [{}]))
    },
    answer: '400 InvalidArgument',
  },
]
