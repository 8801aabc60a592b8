import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import {
  auditBucketOf,
  type FailedDocument,
  inputKey,
  metadataKey,
  newImageId,
  toUserMetadata,
} from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { visible } from '../safe-console.ts'
import { callDarkroom } from '../testing/call-darkroom.ts'

/** Clears the screen, moves the cursor by C0 and C1, begins a line, turns the direction around. */
const HOSTILE = 'x\u001b[2J\u001b]0;title\u0007\u009b1A\u0085\r\nFORGED\u2028\u202egpj'

const aws = await startLocalAws()
const client = {
  endpoint: aws.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}
const s3 = new S3Client(client)
const sqs = new SQSClient(client)
const bucket = 'darkroom-hostile'
const image = { app: 'shop', imageId: newImageId() }
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-hostile-'))
  for (const name of [bucket, auditBucketOf(bucket)]) await s3.send(new CreateBucketCommand({ Bucket: name }))
  const queues = ['images', 'images-dead-letters', 'images-parked'].map(async (QueueName) => {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName }))
    return QueueUrl
  })
  const [queueUrl = '', , parkedQueueUrl = ''] = await Promise.all(queues)
  const now = new Date().toISOString()
  const document: FailedDocument = {
    schema_version: 1,
    image_id: image.imageId,
    app: image.app,
    accepted_at: now,
    finished_at: now,
    origin: 'http',
    filename: HOSTILE,
    attributes: { note: HOSTILE },
    uploader: HOSTILE,
    status: 'failed',
    failure_type: 'corrupt-image',
    failure_detail: HOSTILE,
  }
  const metadata = {
    ...{ app: image.app, acceptedAt: now, sha256: 'ab'.repeat(32), origin: { kind: 'http' as const } },
    ...{ filename: HOSTILE, attributes: { note: HOSTILE } },
  }
  const put = (Key: string, Body: string, more = {}) =>
    s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...more }))
  await put(metadataKey(image), JSON.stringify(document))
  await put(inputKey(image), 'bytes', { ContentType: 'image/jpeg', Metadata: toUserMetadata(metadata) })
  for (const MessageBody of [HOSTILE.replaceAll('\u0007', ''), JSON.stringify({ subject: HOSTILE })])
    await sqs.send(
      new SendMessageCommand({ QueueUrl: parkedQueueUrl, MessageBody: JSON.stringify(MessageBody) }),
    )
  const endpoints = { aws: aws.endpoint, bucket, queueUrl, parkedQueueUrl }
  await writeFile(join(folder, 'endpoints.json'), JSON.stringify(endpoints))
})
afterAll(async () => {
  for (const one of [s3, sqs]) one.destroy()
  await aws.stop()
  await rm(folder, { recursive: true })
})

const darkroom = (...args: string[]) =>
  callDarkroom(args, { BUCKET: undefined, QUEUE_URL: undefined, LOCAL_DIR: folder, INIT_CWD: folder })

test.each([
  ['trace', image.imageId],
  ['trace', image.imageId, '--json'],
  ['audit'],
  ['audit', '--json'],
  ['audit', '--erased', image.imageId, '--app', image.app],
  ['analytics', 'select filename, failure_detail, attributes from images_now'],
  ['dlq', 'list'],
  ['hold', image.imageId, '--app', image.app, '--reason', HOSTILE],
  ['audit-log', '--from', '2026-01-01'],
  ['keys', 'list', '--app', 'shop'],
  ['retention'],
])('text of strangers does nothing to the terminal, and begins no line: %s %s', async (...args) => {
  const { printed } = await darkroom(...args)
  expect(printed).not.toBe('')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(printed).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e]/)
  expect(printed).not.toMatch(/^FORGED/m)
})

test('colours stay, and what is replaced is the same text in JSON', () => {
  expect(visible('\u001b[31mred\u001b[39m\ttext\n')).toBe('\u001b[31mred\u001b[39m\ttext\n')
  expect(visible('\u001b[2J')).toBe('\\u001b[2J')
  expect(JSON.parse(visible('"\u009b\u202e"'))).toBe('\u009b\u202e')
})
