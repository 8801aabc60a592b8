import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startLocalAws } from './start-local-aws.ts'
import { s3For, sqsFor } from './test-clients.ts'

const Bucket = 'kept'
const Key = 'input/a/2026-01-01/x'
const Metadata = { app: 'a', sha256: 'ab12' }
const Body = Buffer.alloc(200_000, 'darkroom')

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'local-aws-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

async function fill(endpoint: string): Promise<void> {
  const s3 = s3For(endpoint)
  const sqs = sqsFor(endpoint)
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(new PutObjectCommand({ Bucket, Key, Body, Metadata, ContentType: 'image/jpeg' }))
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'kept' }))
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'still to do' }))
}

async function expectFilled(endpoint: string): Promise<void> {
  const got = await s3For(endpoint).send(new GetObjectCommand({ Bucket, Key }))
  expect(got).toMatchObject({ Metadata, ContentType: 'image/jpeg', ContentLength: Body.length })
  expect(Body.equals((await got.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
  const sqs = sqsFor(endpoint)
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'kept' }))
  expect(QueueUrl).toBe(`${endpoint}/000000000000/kept`)
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }))
  expect(Messages).toMatchObject([{ Body: 'still to do' }])
}

/** Runs the server in its own process, so that a test can kill it. */
async function startInChild() {
  const program = `import { startLocalAws } from './start-local-aws.ts'
    console.log((await startLocalAws({ dataDir: ${JSON.stringify(dataDir)} })).endpoint)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = await once(child.stdout, 'data')
  return { child, endpoint: String(line).trim() }
}

describe('with a data directory', () => {
  test('objects, metadata and queued messages survive a restart on another port', async () => {
    const first = await startLocalAws({ dataDir })
    await fill(first.endpoint)
    await first.stop()
    const second = await startLocalAws({ dataDir })
    expect(second.port).not.toBe(first.port)
    await expectFilled(second.endpoint)
    await second.stop()
  })

  test('they survive a killed process', async () => {
    const { child, endpoint } = await startInChild()
    await fill(endpoint)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const second = await startLocalAws({ dataDir })
    await expectFilled(second.endpoint)
    await second.stop()
  })

  test('a message that returns to the queue keeps its receive count', async () => {
    const first = await startLocalAws({ dataDir })
    const sqs = sqsFor(first.endpoint)
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'retry' }))
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'retry me' }))
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }))
    const change = { QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle, VisibilityTimeout: 0 }
    await sqs.send(new ChangeMessageVisibilityCommand(change))
    await first.stop()

    const second = await startLocalAws({ dataDir })
    const after = sqsFor(second.endpoint)
    const url = await after.send(new GetQueueUrlCommand({ QueueName: 'retry' }))
    const MessageSystemAttributeNames = ['ApproximateReceiveCount' as const]
    const again = new ReceiveMessageCommand({ QueueUrl: url.QueueUrl, MessageSystemAttributeNames })
    expect((await after.send(again)).Messages).toMatchObject([
      { Body: 'retry me', Attributes: { ApproximateReceiveCount: '2' } },
    ])
    await second.stop()
  })
})
