import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateTopicCommand, ListSubscriptionsCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { CreateQueueCommand, ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { metadataKey, newImageId, readS3Event } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { callDarkroom } from '../testing/call-darkroom.ts'

const aws = await startLocalAws()
const client = {
  endpoint: aws.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}
const [s3, sqs, sns] = [new S3Client(client), new SQSClient(client), new SNSClient(client)]
const BUCKET = 'darkroom-prod'
let folder: string
let queueUrl: string
let TopicArn: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-events-'))
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  queueUrl = String((await sqs.send(new CreateQueueCommand({ QueueName: 'darkroom-prod-images' }))).QueueUrl)
  TopicArn = String((await sns.send(new CreateTopicCommand({ Name: 'darkroom-prod-events' }))).TopicArn)
})
afterAll(async () => {
  for (const one of [s3, sqs, sns]) one.destroy()
  await aws.stop()
  await rm(folder, { recursive: true })
})

const darkroom = (...args: string[]) =>
  callDarkroom([...args, '--bucket', BUCKET, '--queue-url', queueUrl], {
    ...awsEnvironment(aws.endpoint),
    LOCAL_DIR: folder,
    INIT_CWD: folder,
  })

const eventOf = (type: string, app: string, more: object = {}) => ({
  type,
  subject: newImageId(),
  time: '2026-11-23T10:00:02.000Z',
  sequence: '0'.repeat(32),
  data: { app, image_id: 'x', status: 'x', ...more },
})

interface Published {
  type: string
  data: { app: string }
}

function publish(event: Published) {
  const text = (StringValue: string) => ({ DataType: 'String', StringValue })
  const MessageAttributes = { type: text(event.type), app: text(event.data.app) }
  return sns.send(new PublishCommand({ TopicArn, Message: JSON.stringify(event), MessageAttributes }))
}

/** Publishes again and again until the command has seen enough, because it does not say when it has subscribed. */
async function whileRunning<Result>(running: Promise<Result>, ...events: Published[]) {
  let ended = false
  const ending = running.finally(() => {
    ended = true
  })
  while (!ended) {
    const { Subscriptions = [] } = await sns.send(new ListSubscriptionsCommand({}))
    if (Subscriptions.length > 0) {
      for (const event of events) await publish(event)
      break
    }
  }
  return ending
}

test('tail prints the events that it is asked for, and leaves nothing behind', async () => {
  const failed = eventOf('image.failed.v1', 'web-app-1', { failure_type: 'corrupt-image' })
  const { code, printed } = await whileRunning(
    darkroom('events', 'tail', '--app', 'web-app-1', '--type', 'image.failed.v1', '--count', '1'),
    eventOf('image.failed.v1', 'web-app-2'),
    eventOf('image.processed.v1', 'web-app-1'),
    failed,
  )
  expect([code, printed]).toEqual([
    0,
    `topic: ${TopicArn}. Ctrl-C ends this.\n10:00:02  image.failed.v1     web-app-1  ${failed.subject}  corrupt-image\n`,
  ])
  expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions ?? []).toEqual([])
  expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls).toEqual([queueUrl])
})

test('tail prints refusals with their number and reason', async () => {
  const event = {
    type: 'image.refused.v1',
    id: 'r1',
    time: '2026-11-23T10:00:03.000Z',
    data: { app: 'web-app-1', refusal_type: 'type-mismatch', refusals: 3 },
  }
  const { printed } = await whileRunning(
    darkroom('events', 'tail', '--type', 'image.refused.v1', '--count', '1'),
    event,
  )
  expect(printed.split('\n')[1]).toBe('10:00:03  image.refused.v1    web-app-1  3 × type-mismatch')
})

test('tail --json prints events as they are, until Ctrl-C', async () => {
  const event = eventOf('image.later.v9', 'web-app-2', { more: { of: ['it'] } })
  const running = darkroom('events', 'tail', '--json', '--count', '1')
  const { printed } = await whileRunning(running, event)
  expect(JSON.parse(String(printed.split('\n')[1]))).toEqual(event)

  const before = process.listenerCount('SIGINT')
  const stopped = darkroom('events', 'tail')
  while (process.listenerCount('SIGINT') === before) await once(process, 'newListener')
  process.emit('SIGINT')
  expect((await stopped).code).toBe(0)
  expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls).toEqual([queueUrl])
})

test('replay sends what S3 would, for the documents of the chosen days', async () => {
  const QueueName = 'darkroom-prod-outcomes'
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }))
  const idOf = (day: string) => newImageId(new Date(`${day}T10:00:00Z`))
  const put = (app: string, day: string) => {
    const Key = metadataKey({ app, imageId: idOf(day) })
    return s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: '{}' })).then(() => Key)
  }
  await put('web-app-1', '2026-11-20')
  await put('web-app-2', '2026-11-21')
  const chosen = await Promise.all(Array.from({ length: 12 }, () => put('web-app-1', '2026-11-21')))
  await put('web-app-1', '2026-11-22')
  const days = ['--app', 'web-app-1', '--from', '2026-11-21', '--to', '2026-11-21', '--rate', '100']
  const dry = await darkroom('events', 'replay', ...days, '--dry-run')
  expect(dry.printed).toContain('2026-11-21  12\n12 documents would be announced')
  const { code, printed } = await darkroom('events', 'replay', ...days)
  expect([code, printed]).toEqual([0, expect.stringContaining('12 documents are announced')])
  const keys: string[] = []
  while (keys.length < 12) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 }),
    )
    for (const { Body = '' } of Messages) {
      keys.push(...(readS3Event(Body, BUCKET).objects ?? []).map(({ key }) => key))
    }
  }
  expect(keys.toSorted()).toEqual(chosen.toSorted())
})

test('replay needs the image queue of a deployment', async () => {
  const { code, printed } = await callDarkroom(
    ['events', 'replay', '--app', 'a', '--bucket', BUCKET, '--queue-url', `${aws.endpoint}/1/other`],
    { ...awsEnvironment(aws.endpoint), LOCAL_DIR: folder },
  )
  expect([code, printed]).toEqual([1, expect.stringContaining('its name must end with -images')])
})
