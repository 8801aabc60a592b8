import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from '../start-local-aws.ts'
import { s3For, snsFor, sqsFor } from '../test-clients.ts'

interface S3Record {
  eventName: string
  eventTime: string
  s3: {
    configurationId: string
    bucket: object
    object: { key: string; size?: number; eTag?: string; sequencer: string }
  }
}

let aws: LocalAws
beforeAll(async () => {
  aws = await startLocalAws()
})
afterAll(() => aws.stop())

const arnOf = (queue: string) => `arn:aws:sqs:us-east-1:000000000000:${queue}`

/** A bucket and a queue of the same name. */
async function create(name: string, endpoint = aws.endpoint): Promise<string> {
  await s3For(endpoint).send(new CreateBucketCommand({ Bucket: name }))
  const { QueueUrl } = await sqsFor(endpoint).send(new CreateQueueCommand({ QueueName: name }))
  return String(QueueUrl)
}

function setRules(Bucket: string, rules: NotificationConfiguration, endpoint = aws.endpoint) {
  const input = { Bucket, NotificationConfiguration: rules, SkipDestinationValidation: false }
  return s3For(endpoint).send(new PutBucketNotificationConfigurationCommand(input))
}

/** Sends every event of the bucket to its queue, and takes the test event out. */
async function notifyAll(name: string): Promise<string> {
  const QueueUrl = await create(name)
  const Events = ['s3:ObjectCreated:*' as const, 's3:ObjectRemoved:*' as const]
  await setRules(name, { QueueConfigurations: [{ Id: 'all', QueueArn: arnOf(name), Events }] })
  await receive(QueueUrl)
  return QueueUrl
}

async function receive(QueueUrl: string, endpoint = aws.endpoint) {
  const sqs = sqsFor(endpoint)
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
  for (const { ReceiptHandle } of Messages)
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
  return Messages.map(({ Body = '' }) => JSON.parse(Body))
}

async function records(QueueUrl: string): Promise<S3Record[]> {
  const events: { Records: S3Record[] }[] = await receive(QueueUrl)
  return events.flatMap(({ Records }) => Records)
}

describe('an event', () => {
  test('describes a new object as S3 does', async () => {
    const queue = await notifyAll('described')
    const before = Date.now()
    await s3For(aws.endpoint).send(
      new PutObjectCommand({ Bucket: 'described', Key: 'input/a b/é+(1).jpg', Body: 'hello' }),
    )
    const [event] = await receive(queue)
    expect(event).toEqual({
      Records: [
        {
          eventVersion: '2.1',
          eventSource: 'aws:s3',
          awsRegion: 'us-east-1',
          eventTime: expect.any(String),
          eventName: 'ObjectCreated:Put',
          userIdentity: { principalId: expect.any(String) },
          requestParameters: { sourceIPAddress: '127.0.0.1' },
          responseElements: {
            'x-amz-request-id': expect.stringMatching(/^[0-9A-F]{16}$/),
            'x-amz-id-2': 'local',
          },
          s3: {
            s3SchemaVersion: '1.0',
            configurationId: 'all',
            bucket: {
              name: 'described',
              ownerIdentity: { principalId: expect.any(String) },
              arn: 'arn:aws:s3:::described',
            },
            object: {
              key: 'input/a+b/%C3%A9%2B%281%29.jpg',
              size: 5,
              eTag: '5d41402abc4b2a76b9719d911017c592',
              sequencer: expect.stringMatching(/^[0-9A-F]{18}$/),
            },
          },
        },
      ],
    })
    const time = Date.parse(event.Records[0].eventTime)
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now())
  })

  test('is sent for each way to write and delete, in order', async () => {
    const queue = await notifyAll('ways')
    const s3 = s3For(aws.endpoint)
    const Bucket = 'ways'
    await s3.send(new PutObjectCommand({ Bucket, Key: 'put', Body: 'x' }))
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: 'ways/put' }))
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }))
    const part = { Bucket, Key: 'parts', UploadId, PartNumber: 1, Body: 'part' }
    const { ETag } = await s3.send(new UploadPartCommand(part))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'parts', UploadId, MultipartUpload }))
    const post = await createPresignedPost(s3, { Bucket, Key: 'post' })
    const form = new FormData()
    for (const [name, value] of Object.entries(post.fields)) form.append(name, value)
    form.append('file', new Blob(['posted']))
    expect((await fetch(post.url, { method: 'POST', body: form })).status).toBe(204)
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'put' }))
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'never-there' }))
    const Objects = ['copy', 'never-there', 'post'].map((Key) => ({ Key }))
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))

    const sent = await records(queue)
    expect(sent.map(({ eventName, s3: { object } }) => [eventName, object.key, object.size])).toEqual([
      ['ObjectCreated:Put', 'put', 1],
      ['ObjectCreated:Copy', 'copy', 1],
      ['ObjectCreated:CompleteMultipartUpload', 'parts', 4],
      ['ObjectCreated:Post', 'post', 6],
      ['ObjectRemoved:Delete', 'put', undefined],
      ['ObjectRemoved:Delete', 'copy', undefined],
      ['ObjectRemoved:Delete', 'post', undefined],
    ])
    expect(sent[2]?.s3.object.eTag).toMatch(/^[0-9a-f]{32}-1$/)
    const sequencers = sent.map(({ s3: { object } }) => object.sequencer)
    expect(sequencers).toEqual([...new Set(sequencers)].toSorted())
  })

  test('is not sent for a refused write', async () => {
    const queue = await notifyAll('refused')
    const s3 = s3For(aws.endpoint)
    const put = { Bucket: 'refused', Key: 'once', Body: 'x', IfNoneMatch: '*' }
    await s3.send(new PutObjectCommand(put))
    await expect(s3.send(new PutObjectCommand(put))).rejects.toThrow()
    expect(await records(queue)).toHaveLength(1)
  })
})

describe('rules', () => {
  test('select events by prefix, suffix and kind', async () => {
    const created = await create('selected')
    const removed = await create('selected-removed')
    await setRules('selected', {
      QueueConfigurations: [
        {
          QueueArn: arnOf('selected'),
          Events: ['s3:ObjectCreated:Put'],
          Filter: {
            Key: {
              FilterRules: [
                { Name: 'prefix', Value: 'input/' },
                { Name: 'suffix', Value: '.jpg' },
              ],
            },
          },
        },
        { QueueArn: arnOf('selected-removed'), Events: ['s3:ObjectRemoved:*'] },
      ],
    })
    await receive(created)
    await receive(removed)
    const s3 = s3For(aws.endpoint)
    const Bucket = 'selected'
    for (const Key of ['input/a.jpg', 'input/a.png', 'other/a.jpg']) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
    }
    await s3.send(
      new CopyObjectCommand({ Bucket, Key: 'input/copy.jpg', CopySource: 'selected/input/a.jpg' }),
    )
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'input/a.jpg' }))
    expect((await records(created)).map(({ s3: { object } }) => object.key)).toEqual(['input/a.jpg'])
    expect((await records(removed)).map(({ s3: { object } }) => object.key)).toEqual(['input/a.jpg'])
  })

  test('start with a test event, are returned, and end with an empty configuration', async () => {
    const queue = await create('tested')
    const s3 = s3For(aws.endpoint)
    const Filter = { Key: { FilterRules: [{ Name: 'prefix' as const, Value: 'in & out/' }] } }
    const rule = { Id: 'mine', QueueArn: arnOf('tested'), Events: ['s3:ObjectCreated:*' as const], Filter }
    await setRules('tested', { QueueConfigurations: [rule] })
    expect(await receive(queue)).toEqual([
      expect.objectContaining({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'tested' }),
    ])
    const get = new GetBucketNotificationConfigurationCommand({ Bucket: 'tested' })
    expect((await s3.send(get)).QueueConfigurations).toEqual([rule])
    await setRules('tested', {})
    expect((await s3.send(get)).QueueConfigurations).toBeUndefined()
    await s3.send(new PutObjectCommand({ Bucket: 'tested', Key: 'in & out/x', Body: 'x' }))
    expect(await receive(queue)).toEqual([])
  })

  test('end with their bucket', async () => {
    await notifyAll('short-lived')
    const s3 = s3For(aws.endpoint)
    await s3.send(new DeleteBucketCommand({ Bucket: 'short-lived' }))
    const get = new GetBucketNotificationConfigurationCommand({ Bucket: 'short-lived' })
    await expect(s3.send(get)).rejects.toMatchObject({ name: 'NoSuchBucket' })
    await s3.send(new CreateBucketCommand({ Bucket: 'short-lived' }))
    expect((await s3.send(get)).QueueConfigurations).toBeUndefined()
  })

  test('survive a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'local-aws-'))
    const first = await startLocalAws({ dataDir })
    await create('kept', first.endpoint)
    const rule = { QueueArn: arnOf('kept'), Events: ['s3:ObjectCreated:*' as const] }
    await setRules('kept', { QueueConfigurations: [rule] }, first.endpoint)
    await first.stop()
    const second = await startLocalAws({ dataDir })
    await s3For(second.endpoint).send(new PutObjectCommand({ Bucket: 'kept', Key: 'x', Body: 'x' }))
    const { QueueUrl = '' } = await sqsFor(second.endpoint).send(
      new GetQueueUrlCommand({ QueueName: 'kept' }),
    )
    expect(await receive(QueueUrl, second.endpoint)).toEqual([
      expect.objectContaining({ Event: 's3:TestEvent' }),
      { Records: [expect.objectContaining({ eventName: 'ObjectCreated:Put' })] },
    ])
    await second.stop()
    await rm(dataDir, { recursive: true })
  })

  const created = 's3:ObjectCreated:*' as const
  const put = 's3:ObjectCreated:Put' as const
  const prefix = (Value: string) => ({ Key: { FilterRules: [{ Name: 'prefix' as const, Value }] } })
  const suffix = (Value: string) => ({ Key: { FilterRules: [{ Name: 'suffix' as const, Value }] } })
  const QueueArn = arnOf('checked')
  const rule = (more: object) => ({ QueueArn, Events: [created], ...more })
  beforeAll(() => create('checked'))

  test.each([
    [
      'of a common event and prefix',
      [rule({ Filter: prefix('a') }), rule({ Filter: prefix('ab'), Events: [put] })],
    ],
    ['without filters', [rule({}), rule({ Filter: prefix('a') })]],
    ['that a suffix and a prefix select', [rule({ Filter: prefix('a') }), rule({ Filter: suffix('.jpg') })]],
  ])('that overlap %s are refused', async (_, QueueConfigurations) => {
    await expect(setRules('checked', { QueueConfigurations })).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
    })
  })

  test.each([
    ['different prefixes', [rule({ Filter: prefix('a') }), rule({ Filter: prefix('b') })]],
    ['different suffixes', [rule({ Filter: suffix('.jpg') }), rule({ Filter: suffix('.png') })]],
    ['different events', [rule({ Events: [put] }), rule({ Events: ['s3:ObjectCreated:Post'] })]],
  ])('with %s do not overlap', async (_, QueueConfigurations) => {
    await setRules('checked', { QueueConfigurations })
  })

  test.each([
    ['a missing queue', [rule({ QueueArn: arnOf('missing') })], /Unable to validate/],
    ['an ARN of another service', [rule({ QueueArn: 'arn:aws:s3:::checked' })], /ARN/],
    ['an unknown event', [rule({ Events: ['s3:ObjectPainted:*'] })], /s3:ObjectPainted/],
    [
      'an unknown filter',
      [rule({ Filter: { Key: { FilterRules: [{ Name: 'infix', Value: 'x' }] } } })],
      /prefix or suffix/,
    ],
    [
      'an id that is used twice',
      [rule({ Id: 'a', Events: [put] }), rule({ Id: 'a', Filter: prefix('b') })],
      /unique/,
    ],
  ])('with %s are refused', async (_, QueueConfigurations, message) => {
    const refused = setRules('checked', { QueueConfigurations })
    await expect(refused).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: expect.stringMatching(message),
    })
  })
})

test('a topic gets events for its subscribers', async () => {
  const sns = snsFor(aws.endpoint)
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'outcomes' }))
  const queue = await create('published')
  const Attributes = { RawMessageDelivery: 'true' }
  await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arnOf('published'), Attributes }),
  )
  await setRules('published', { TopicConfigurations: [{ TopicArn, Events: ['s3:ObjectCreated:*'] }] })
  await s3For(aws.endpoint).send(new PutObjectCommand({ Bucket: 'published', Key: 'x', Body: 'x' }))
  expect(await receive(queue)).toEqual([
    expect.objectContaining({ Event: 's3:TestEvent' }),
    { Records: [expect.objectContaining({ eventName: 'ObjectCreated:Put' })] },
  ])
})
