import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { type FailedDocument, inputKey, metadataKey, newImageId, s3Uri } from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { callDarkroom } from '../testing/call-darkroom.ts'

const aws = await startLocalAws()
const settings = {
  endpoint: aws.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}
const s3 = new S3Client({ ...settings, forcePathStyle: true })
const sqs = new SQSClient(settings)
const folder = await mkdtemp(join(tmpdir(), 'darkroom-dlq-'))
afterAll(async () => {
  await rm(folder, { recursive: true })
  s3.destroy()
  sqs.destroy()
  await aws.stop()
})

const BUCKET = 'darkroom'
await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
let queueUrl: string
let tests = 0
beforeEach(async () => {
  tests++
  const urls: string[] = []
  for (const suffix of ['', '-dead-letters', '-parked']) {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `images-${tests}${suffix}` }))
    urls.push(String(QueueUrl))
  }
  queueUrl = String(urls[0])
  const endpoints = { aws: aws.endpoint, bucket: BUCKET, queueUrl }
  await writeFile(join(folder, 'endpoints.json'), JSON.stringify(endpoints))
})

/** Calls `pnpm darkroom dlq …` while a local stack runs. */
async function dlq(...args: string[]): Promise<string> {
  const environment = { LOCAL_DIR: folder, BUCKET: undefined, QUEUE_URL: undefined }
  return (await callDarkroom(['dlq', ...args], environment)).printed
}

/** Parks the message of an image that failed. @returns its id and its message */
async function park(app: string, failure_type: FailedDocument['failure_type']) {
  const imageId = newImageId()
  const now = new Date().toISOString()
  const document = {
    ...{ schema_version: 1, image_id: imageId, app, accepted_at: now, finished_at: now, origin: 'http' },
    ...{ attributes: {}, status: 'failed', failure_type, failure_detail: 'It failed.' },
  }
  const Key = metadataKey({ app, imageId })
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: JSON.stringify(document) }))
  const uri = s3Uri(BUCKET, inputKey({ app, imageId }))
  const data = {
    ...{ imageId, app, acceptedAt: now, contentType: 'image/jpeg', bytes: 3, sha256: 'a'.repeat(64) },
    ...{ attributes: {}, origin: { kind: 'http' }, s3Uri: uri },
  }
  const message = JSON.stringify({
    ...{ specversion: '1.0', id: imageId, source: '/test', type: 'image.accepted.v1', time: now },
    ...{ subject: imageId, datacontenttype: 'application/json', data },
  })
  await sqs.send(new SendMessageCommand({ QueueUrl: `${queueUrl}-parked`, MessageBody: message }))
  return { imageId, message }
}

async function bodiesIn(suffix: string): Promise<(string | undefined)[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl + suffix,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 0,
    }),
  )
  return Messages.map(({ Body }) => Body)
}

test('list names the image and the failure of each message, and takes none', async () => {
  const { imageId } = await park('web-app-1', 'retries-exhausted')
  await sqs.send(new SendMessageCommand({ QueueUrl: `${queueUrl}-dead-letters`, MessageBody: 'nonsense' }))
  const printed = await dlq('list')
  expect(printed).toMatch(new RegExp(`parked +web-app-1 +${imageId} +retries-exhausted`))
  expect(printed).toMatch(/dead-letters .* unreadable/)
  expect(await bodiesIn('-parked')).toHaveLength(1)
  expect(await bodiesIn('-dead-letters')).toEqual(['nonsense'])
  expect(await dlq('list', '--app', 'web-app-2')).toContain('There are none.')
  const [line = ''] = (await dlq('list', '--json', '--slug', 'retries-exhausted')).trim().split('\n')
  expect(JSON.parse(line)).toMatchObject({ image: { imageId }, slug: 'retries-exhausted' })
})

test('show prints the message and why its image failed', async () => {
  const { imageId } = await park('web-app-1', 'corrupt-image')
  const printed = await dlq('show', imageId)
  expect(printed).toContain('corrupt-image: It failed.')
  expect(printed).toContain(`"subject": "${imageId}"`)
  expect(await dlq('show', newImageId())).toContain('There is no dead letter or parked message of')
})

test('redrive moves only the messages that match, after a dry run that moves none', async () => {
  const { message } = await park('web-app-1', 'retries-exhausted')
  const others = [await park('web-app-2', 'retries-exhausted'), await park('web-app-1', 'corrupt-image')]
  const chosen = ['--app', 'web-app-1', '--slug', 'retries-exhausted', '--rate', '100']
  expect(await dlq('redrive', ...chosen, '--dry-run')).toContain('1 message would be sent')
  expect(await bodiesIn('')).toEqual([])
  expect(await dlq('redrive', ...chosen)).toContain('1 message sent, to be processed again')
  expect(await bodiesIn('')).toEqual([message])
  expect((await bodiesIn('-parked')).sort()).toEqual(others.map((other) => other.message).sort())
})

test('redrive sends one image, and leaves what cannot be read', async () => {
  const { imageId, message } = await park('web-app-1', 'retries-exhausted')
  await sqs.send(new SendMessageCommand({ QueueUrl: `${queueUrl}-parked`, MessageBody: 'nonsense' }))
  expect(await dlq('redrive', '--id', imageId)).toContain('1 message sent')
  expect(await dlq('redrive')).toContain('0 messages sent')
  expect(await bodiesIn('')).toEqual([message])
  expect(await bodiesIn('-parked')).toEqual(['nonsense'])
})
