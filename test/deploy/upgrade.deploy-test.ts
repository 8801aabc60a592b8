import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import {
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda'
import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { type Client, createClient } from '@darkroom/client'
import { newImageId, parseInputKey } from '@darkroom/core'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CLOUD_EVENT, kafkaEvent, kafkaRecord } from '../../services/kafka-bridge/test/kafka-records.ts'
import { PHOTOGRAPH } from '../photographs.ts'
import { serverless, serverlessIn } from './deploy-service.ts'
import { unpackPreviousRelease } from './previous-release.ts'
import { type Emulator, startEmulator } from './start-emulator.ts'

const SERVICES = ['image-processor', 'upload-api', 'kafka-bridge', 'analytics-catalog'] as const
const APPS = ['web-app-1', 'web-app-2'] as const
const BUCKET = 'darkroom-prod-000000000000-us-east-1'
const TIMEOUT_MS = 240_000

let emulator: Emulator
let folder: string
let url: string
let lambda: LambdaClient
let s3: S3Client
let sqs: SQSClient
/** By app: of the previous release, and then of today. */
const apiKeys: Record<string, string> = {}
/** Ids of images by how far they had come when the upgrade began. */
const images: Record<string, string> = {}
let fromKafka: string
let begun: DirectUpload

beforeAll(async () => {
  emulator = await startEmulator()
  folder = await mkdtemp(join(tmpdir(), 'darkroom-upgrade-'))
  const config = emulator.clientConfig
  lambda = new LambdaClient(config)
  s3 = new S3Client({ ...config, forcePathStyle: true })
  sqs = new SQSClient(config)
})
afterAll(async () => {
  await emulator?.stop()
  if (folder) await rm(folder, { recursive: true })
})

test('version 0.1.0 deploys and processes an image', async () => {
  await packageToday('image-processor')
  for (const app of APPS) apiKeys[app] = randomBytes(32).toString('hex')
  const hashes = APPS.map((app): [string, string[]] => [
    app,
    [
      createHash('sha256')
        .update(apiKeys[app] ?? '')
        .digest('hex'),
    ],
  ])
  const installed = join(folder, 'image-processor/processImages.zip')
  await unpackPreviousRelease(join(folder, 'previous'), installed, Object.fromEntries(hashes))
  for (const service of SERVICES) {
    const own = join(folder, 'previous', service)
    await serverlessIn(own, ['deploy', '--stage', 'prod', '--package', 'package'], emulator.environment)
    const leftOut = emulator.leftOut.get(service)?.join(', ') || 'nothing'
    console.log(`${service} 0.1.0; left out for the emulator: ${leftOut}`)
  }
  url = await apiUrl()
  images.processed = (await clientOf('web-app-1').upload(PHOTOGRAPH)).id
  await processed(clientOf('web-app-1'), images.processed)
})

test('images are in flight', async () => {
  const client = clientOf('web-app-1')
  const image = { QueueUrl: queueUrl('images') }
  await pauseProcessing(true)
  images.parked = (await client.upload(PHOTOGRAPH)).id
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ ...image, WaitTimeSeconds: 20 }))
  const [{ Body: MessageBody, ReceiptHandle } = {}] = Messages
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl('images-dead-letters'), MessageBody }))
  await sqs.send(new DeleteMessageCommand({ ...image, ReceiptHandle }))
  expect(await client.waitUntilFinal(images.parked, { timeout: TIMEOUT_MS })).toMatchObject({
    failure: { type: 'retries-exhausted' },
  })
  images.queued = (await client.upload(PHOTOGRAPH)).id
  expect(await client.getImage(images.queued)).toMatchObject({ status: 'queued' })
  fromKafka = await bridge()
  const abandoned = await beginDirectUpload()
  await sendDirectUpload(abandoned)
  images.abandoned = abandoned.id
  begun = await beginDirectUpload()
})

test("today's services deploy on top, in the documented order", async () => {
  for (const service of SERVICES) {
    if (service !== 'image-processor') await packageToday(service)
    await serverless(
      service,
      ['deploy', '--stage', 'prod', '--package', join(folder, service)],
      emulator.environment,
    )
    if (service !== 'image-processor') continue
    await pauseProcessing(false)
    // The queue refuses the roles of the old functions; S3 has stored the image, and its event will find it.
    images.meanwhile = newImageId()
    expect(await uploadOnce(images.meanwhile)).toBe(503)
  }
  for (const app of APPS)
    apiKeys[app] = (await darkroom(['keys', 'create', '--app', app, '--stage', 'prod'])).stdout.trim()
})

test('every image ends processed', async () => {
  const store = ['--bucket', BUCKET, '--queue-url', queueUrl('images')]
  const redriven = await darkroom(['dlq', 'redrive', '--id', String(images.parked), ...store])
  expect(redriven.stdout).toContain('1 message sent')
  // The bucket of 0.1.0 sent no events, so what nobody completed is found by the next day's reconcile.
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  await invoke('upload-api', 'reconcileImages', { time: tomorrow })
  // Its form was signed by a role that is gone.
  await expect(sendDirectUpload(begun)).rejects.toThrow(/^403/)
  for (const id of Object.values(images)) await processed(clientOf('web-app-1'), id)
  await processed(clientOf('web-app-2'), fromKafka)
})

async function packageToday(service: (typeof SERVICES)[number]): Promise<void> {
  await serverless(
    service,
    ['package', '--stage', 'prod', '--package', join(folder, service)],
    emulator.environment,
  )
}

const clientOf = (app: (typeof APPS)[number]): Client =>
  createClient({ url, credential: String(apiKeys[app]) })

async function apiUrl(): Promise<string> {
  const client = new CloudFormationClient(emulator.clientConfig)
  const stack = { StackName: 'darkroom-upload-api-prod' }
  const { Stacks = [] } = await client.send(new DescribeStacksCommand(stack))
  client.destroy()
  return String(Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === 'HttpApiUrl')?.OutputValue)
}

const queueUrl = (name: string) => `${emulator.endpoint}/000000000000/darkroom-prod-${name}`

/** A direct upload that nobody completes is no image until the watch queue looks at it, two minutes after the event. */
async function processed(client: Client, id: string): Promise<void> {
  const isFound = () => client.getImage(id).then(Boolean, () => false)
  for (const began = Date.now(); !(await isFound()) && Date.now() - began < TIMEOUT_MS; ) await sleep(1000)
  expect(await client.waitUntilFinal(id, { timeout: TIMEOUT_MS })).toMatchObject({ id, status: 'processed' })
}

async function pauseProcessing(paused: boolean): Promise<void> {
  const FunctionName = 'darkroom-image-processor-prod-processImages'
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }))
  for (const { UUID } of EventSourceMappings)
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: !paused }))
}

/** Sends an image, and does not repeat it. Resolves to the status of the answer. */
async function uploadOnce(id: string): Promise<number> {
  const headers = {
    authorization: `Bearer ${apiKeys['web-app-1']}`,
    'content-type': 'image/jpeg',
    'idempotency-key': id,
  }
  return (await fetch(`${url}/v1/images`, { method: 'POST', headers, body: PHOTOGRAPH })).status
}

interface DirectUpload {
  id: string
  url: string
  fields: Record<string, string>
}

async function beginDirectUpload(): Promise<DirectUpload> {
  const answer = await fetch(`${url}/v1/uploads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKeys['web-app-1']}`, 'content-type': 'application/json' },
    body: JSON.stringify({ bytes: PHOTOGRAPH.byteLength, contentType: 'image/jpeg' }),
  })
  return answer.json() as Promise<DirectUpload>
}

async function sendDirectUpload({ url, fields }: DirectUpload): Promise<void> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([PHOTOGRAPH]))
  const answer = await fetch(url, { method: 'POST', body: form })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
}

/** Resolves to the id of the image that a Kafka record becomes. */
async function bridge(): Promise<string> {
  const record = kafkaRecord({ value: PHOTOGRAPH, headers: CLOUD_EVENT })
  expect(await invoke('kafka-bridge', 'bridgeRecords', kafkaEvent(record))).toEqual({ batchItemFailures: [] })
  const ids: string[] = []
  for await (const { Contents = [] } of paginateListObjectsV2(
    { client: s3 },
    { Bucket: BUCKET, Prefix: 'input/web-app-2/' },
  ))
    ids.push(...Contents.flatMap(({ Key = '' }) => parseInputKey(Key)?.imageId ?? []))
  return String(ids[0])
}

async function invoke(service: string, name: string, event: unknown): Promise<unknown> {
  const FunctionName = `darkroom-${service}-prod-${name}`
  const { Payload, FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }),
  )
  const answer = Buffer.from(Payload ?? []).toString()
  expect([FunctionName, FunctionError, FunctionError && answer]).toEqual([FunctionName, undefined, undefined])
  return JSON.parse(answer)
}

/** `pnpm darkroom …` with the emulator as AWS. */
const darkroom = (args: string[]) => emulator.run('darkroom', args)
