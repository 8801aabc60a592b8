/** Histories at random of the HTTP API, the processor and the sweep, on real S3 and SQS servers. */
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { metadataKey, newImageId, timeOf } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import type { SQSEvent } from 'aws-lambda'
import fc from 'fast-check'
import { openStore } from '../services/upload-api/src/testing/open-store.ts'
import { png } from '../services/upload-api/src/testing/sample-images.ts'
import { send } from '../services/upload-api/src/testing/send.ts'

const app = 'web-app-1'
const MINUTE = 60_000

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
process.env.PARKED_QUEUE_URL = process.env.QUEUE_URL
const { handler: uploadImage } = await import('../services/upload-api/src/upload-image.ts')
const { handler: getImage } = await import('../services/upload-api/src/get-image.ts')
const { handler: eraseImage } = await import('../services/upload-api/src/erase-image.ts')
const { handler: sweepInputs } = await import('../services/upload-api/src/sweep-inputs.ts')
const { processImages } = await import('../services/image-processor/src/process-images.ts')
const { sharpEngine } = await import('../services/image-processor/src/engines/sharp-engine.ts')
const { developHere } = await import('../services/image-processor/src/developer.ts')
const consume = processImages(developHere(sharpEngine))
const developBatch = (event: SQSEvent) => consume(event, { getRemainingTimeInMillis: () => 60_000 })
const sqs = new SQSClient({})
afterAll(async () => {
  sqs.destroy()
  await store.close()
  await aws.stop()
})

/** What may be said of an image: nothing goes back, and erased is for good. */
type State = 'unknown' | 'accepted' | 'processed' | 'erased'

interface World {
  ids: string[]
  states: State[]
  /** The batch before, for Lambda may deliver one twice. */
  last: SQSEvent | undefined
}

type Step = { name: string; run(world: World): Promise<void> }

const step = (name: string, run: Step['run']): Step => ({ name, run })
const onImage = (verb: string, run: (world: World, n: number) => Promise<void>) =>
  fc.nat(2).map((n) => step(`${verb} ${n}`, (world) => run(world, n)))

async function upload(world: World, n: number): Promise<void> {
  const headers = { 'content-type': 'image/png', 'idempotency-key': world.ids[n] ?? '' }
  expect((await send(uploadImage, { method: 'POST', app, headers, body: png })).status).toBe(202)
  if (world.states[n] === 'unknown') world.states[n] = 'accepted'
}

async function erase(world: World, n: number): Promise<void> {
  const { status } = await send(eraseImage, { method: 'DELETE', app, id: world.ids[n] ?? '' })
  expect(status).toBe(world.states[n] === 'unknown' ? 404 : 200)
  if (world.states[n] !== 'unknown') world.states[n] = 'erased'
}

async function receive(): Promise<SQSEvent> {
  const QueueUrl = process.env.QUEUE_URL
  const names = { MessageSystemAttributeNames: ['All' as const] }
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...names }),
  )
  for (const { ReceiptHandle } of Messages)
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
  const records = Messages.map(({ MessageId, ReceiptHandle, Body, Attributes }) => ({
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
  }))
  return { Records: records as unknown as SQSEvent['Records'] }
}

async function develop(world: World): Promise<number> {
  const event = await receive()
  if (event.Records.length === 0) return 0
  expect(await developBatch(event)).toEqual({ batchItemFailures: [] })
  world.last = event
  return event.Records.length
}

const steps = fc.oneof(
  { weight: 4, arbitrary: onImage('upload', upload) },
  { weight: 2, arbitrary: onImage('erase', erase) },
  { weight: 2, arbitrary: fc.constant(step('develop', async (world) => void (await develop(world)))) },
  fc.constant(step('lose the messages', async () => void (await receive()))),
  fc.constant(step('deliver twice', async ({ last }) => void (last && (await developBatch(last))))),
  onImage('erase while developing', async (world, n) => {
    await Promise.all([develop(world), erase(world, n)])
  }),
)

async function statusOf(id: string): Promise<string> {
  const { status, body } = await send(getImage, { app, id })
  return status === 404 ? 'unknown' : body.status
}

const ALLOWED: Record<State, string[]> = {
  unknown: ['unknown'],
  accepted: ['queued', 'processed'],
  processed: ['processed'],
  erased: ['erased'],
}

async function compare(world: World): Promise<void> {
  for (const [n, id] of world.ids.entries()) {
    const told = await statusOf(id)
    expect(ALLOWED[world.states[n] ?? 'unknown']).toContain(told)
    if (told === 'processed') world.states[n] = 'processed'
  }
}

/** Three minutes later, when the sweep has come by and the queue is empty. */
async function settle(world: World): Promise<void> {
  const [id = ''] = world.ids
  await sweepInputs({ time: new Date(timeOf(id).getTime() + 3 * MINUTE).toISOString() })
  while ((await develop(world)) > 0);
  await compare(world)
}

test('no history contradicts what was told, loses an image, or leaves anything of an erased one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 14 }), async (history) => {
      const accepted = new Date()
      const ids = Array.from({ length: 3 }, () => newImageId(accepted))
      const world: World = { ids, states: ['unknown', 'unknown', 'unknown'], last: undefined }
      for (const { run } of history) {
        await run(world)
        await compare(world)
      }
      await settle(world)
      const stored = await store.storedKeys()
      for (const [n, imageId] of ids.entries()) {
        const state = world.states[n]
        expect(state).not.toBe('accepted')
        const keys = stored.filter((key) => key.includes(imageId))
        if (state === 'erased') expect(keys).toEqual([metadataKey({ app, imageId })])
        if (state === 'unknown') expect(keys).toEqual([])
        if (state === 'processed') expect(keys.length).toBeGreaterThan(2)
      }
    }),
    { numRuns: 40 },
  )
}, 120_000)
