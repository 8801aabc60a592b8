/** Random histories of the HTTP API, the processor and the sweep, on local S3 and SQS servers. */
import { DeleteObjectCommand, ListMultipartUploadsCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { discardUploads } from '@darkroom/bucket'
import {
  type DirectUpload,
  metadataKey,
  newImageId,
  type Signature,
  timeOf,
  uploadPrefix,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { daysOf, deletionOf } from '@darkroom/retention'
import { afterAll, expect, jest, test } from '@jest/globals'
import type { SQSEvent } from 'aws-lambda'
import fc from 'fast-check'
import { openStore, testRetention } from '../services/upload-api/src/testing/open-store.ts'
import { png } from '../services/upload-api/src/testing/sample-images.ts'
import { send } from '../services/upload-api/src/testing/send.ts'

/** An app that keeps everything for days instead of years. */
const app = 'fleeting'
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** Not faked: only `Date` is. */
const TIMERS = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const
const OTHERS = ['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
process.env.PARKED_QUEUE_URL = process.env.QUEUE_URL
const { handler: uploadImage } = await import('../services/upload-api/src/routes/upload-image.ts')
const { handler: createUpload } = await import('../services/upload-api/src/routes/create-upload.ts')
const { handler: signUpload } = await import('../services/upload-api/src/routes/sign-upload.ts')
const { handler: completeUpload } = await import('../services/upload-api/src/routes/complete-upload.ts')
const { bucket } = await import('../services/upload-api/src/clients.ts')
const { handler: getImage } = await import('../services/upload-api/src/routes/get-image.ts')
const { handler: eraseImage } = await import('../services/upload-api/src/routes/erase-image.ts')
const { handler: sweepInputs } = await import('../services/upload-api/src/sweep/sweep-inputs.ts')
const { processImages } = await import('../services/image-processor/src/queue/process-images.ts')
const { sharpEngine } = await import('../services/image-processor/src/engines/sharp-engine.ts')
const { developHere } = await import('../services/image-processor/src/development/develop.ts')
const consume = processImages(developHere(sharpEngine))
const developBatch = (event: SQSEvent) => consume(event, { getRemainingTimeInMillis: () => 60_000 })
const sqs = new SQSClient({})
afterAll(async () => {
  sqs.destroy()
  await store.close()
  await aws.stop()
})

/** The state of an image: it never goes back, and `erased` is final. */
type State = 'unknown' | 'accepted' | 'processed' | 'erased'

/** What a client has sent to S3 for an image: an object, and a multipart upload. */
interface Sent {
  object?: 'valid' | 'wrong'
  parts?: { upload: DirectUpload; uploadId: string; whole: boolean }
}

interface World {
  ids: string[]
  states: State[]
  sent: Sent[]
  /** The previous batch, because Lambda may deliver one twice. */
  last: SQSEvent | undefined
}

type Step = { name: string; run(world: World): Promise<void> }

const step = (name: string, run: Step['run']): Step => ({ name, run })
const onImage = (verb: string, run: (world: World, n: number) => Promise<void>) =>
  fc.nat(2).map((n) => step(`${verb} ${n}`, (world) => run(world, n)))

async function upload(world: World, n: number): Promise<void> {
  const headers = { 'content-type': 'image/png', 'idempotency-key': world.ids[n] ?? '' }
  const { status } = await send(uploadImage, { method: 'POST', app, headers, body: png })
  expect(status).toBe(world.states[n] === 'erased' ? 410 : 202)
  if (world.states[n] === 'unknown') world.states[n] = 'accepted'
}

const json = (handler: unknown, path: string, body: object, id = '') =>
  send(handler, {
    method: 'POST',
    path,
    app,
    id,
    headers: { 'content-type': 'application/json', 'idempotency-key': id },
    json: body,
  })

/** Undefined for an erased image. */
async function create(world: World, n: number, multipart: boolean): Promise<DirectUpload | undefined> {
  const request = { bytes: png.length, contentType: 'image/png', multipart }
  const { status, body } = await json(createUpload, '/v1/uploads', request, world.ids[n])
  expect(status).toBe(world.states[n] === 'erased' ? 410 : 201)
  return status === 201 ? body : undefined
}

/** Sends a form to S3. A wrong object is not an image, but has the right size. */
const sendForm = (object: 'valid' | 'wrong') => async (world: World, n: number) => {
  const upload = await create(world, n, false)
  if (!upload) return
  const { url, fields = {} } = upload
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new Blob([object === 'valid' ? new Uint8Array(png) : Buffer.alloc(png.length, 'x')]))
  expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
  world.sent[n] = { ...world.sent[n], object }
}

async function beginParts(world: World, n: number): Promise<void> {
  const upload = await create(world, n, true)
  if (!upload) return
  const known = world.sent[n]?.parts
  expect(upload.begun?.uploadId).toBe(known?.uploadId)
  if (known) return
  const answer = await fetch(upload.url, { method: 'POST', headers: upload.headers ?? {} })
  const uploadId = /<UploadId>(.+)<\/UploadId>/.exec(await answer.text())?.[1] ?? ''
  world.sent[n] = { ...world.sent[n], parts: { upload, uploadId, whole: false } }
}

async function sendPart(world: World, n: number): Promise<void> {
  const parts = world.sent[n]?.parts
  if (!parts) return
  const request = { method: 'PUT', key: parts.upload.key, uploadId: parts.uploadId, partNumber: 1 }
  const { url }: Signature = (await json(signUpload, '/v1/uploads/sign', request)).body
  expect((await fetch(url, { method: 'PUT', body: new Uint8Array(png) })).status).toBe(200)
  parts.whole = true
}

async function abortParts(world: World, n: number): Promise<void> {
  const { parts, ...rest } = world.sent[n] ?? {}
  if (!parts) return
  const request = { method: 'DELETE', key: parts.upload.key, uploadId: parts.uploadId }
  const { url }: Signature = (await json(signUpload, '/v1/uploads/sign', request)).body
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
  world.sent[n] = rest
}

/** Like the lifecycle rule after a day. */
async function expireUpload(world: World, n: number): Promise<void> {
  await discardUploads(bucket, { app, imageId: world.ids[n] ?? '' })
  world.sent[n] = {}
}

const sentObject = ({ object, parts }: Sent = {}) => object ?? (parts?.whole ? 'valid' : undefined)

async function complete(world: World, n: number): Promise<void> {
  const { status } = await json(completeUpload, `/v1/uploads/${world.ids[n]}/complete`, {}, world.ids[n])
  const sent = sentObject(world.sent[n])
  const otherwise = { unknown: 404, accepted: 202, processed: 202, erased: 410 }[world.states[n] ?? 'unknown']
  const expected = sent === 'valid' ? 202 : sent === 'wrong' ? 415 : world.sent[n]?.parts ? 409 : otherwise
  expect(status).toBe(expected)
  acceptSent(world, n)
}

/** What happens to an upload when it is completed. */
function acceptSent(world: World, n: number): void {
  const sent = sentObject(world.sent[n])
  if (!sent) return
  if (sent === 'valid' && world.states[n] === 'unknown') world.states[n] = 'accepted'
  world.sent[n] = {}
}

async function erase(world: World, n: number): Promise<void> {
  const { status } = await send(eraseImage, { method: 'DELETE', app, id: world.ids[n] ?? '' })
  const isThere = world.states[n] !== 'unknown' || world.sent[n]?.object || world.sent[n]?.parts
  expect(status).toBe(isThere ? 200 : 404)
  if (!isThere) return
  world.states[n] = 'erased'
  world.sent[n] = {}
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
  { weight: 3, arbitrary: onImage('send to S3', sendForm('valid')) },
  onImage('send a wrong file for', sendForm('wrong')),
  { weight: 2, arbitrary: onImage('start multipart', beginParts) },
  { weight: 2, arbitrary: onImage('send the part of', sendPart) },
  onImage('abort', abortParts),
  { weight: 3, arbitrary: onImage('complete', complete) },
  onImage('expire the upload of', expireUpload),
  { weight: 2, arbitrary: onImage('erase', erase) },
  { weight: 2, arbitrary: fc.constant(step('develop', async (world) => void (await develop(world)))) },
  fc.constant(step('lose the messages', async () => void (await receive()))),
  fc.constant(
    step('deliver twice', async (world) => {
      if (world.last) await developBatch(world.last)
    }),
  ),
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
    const answered = await statusOf(id)
    expect(ALLOWED[world.states[n] ?? 'unknown']).toContain(answered)
    if (answered === 'processed') world.states[n] = 'processed'
  }
}

/** Three minutes later: the sweep has run and the queue is empty. */
async function settle(world: World): Promise<void> {
  const [id = ''] = world.ids
  await sweepInputs({ time: new Date(timeOf(id).getTime() + 3 * MINUTE_MS).toISOString() })
  for (const n of world.ids.keys()) acceptSent(world, n)
  while ((await develop(world)) > 0);
  await compare(world)
}

/** Deletes what S3's lifecycle rules have deleted by `now`. */
async function expire(now: number): Promise<void> {
  const list = { Bucket: store.bucket }
  for await (const { Contents = [] } of paginateListObjectsV2({ client: store.s3 }, list)) {
    for (const { Key = '', LastModified = new Date() } of Contents) {
      const deletion = deletionOf(testRetention, Key, LastModified)
      if (deletion && deletion.getTime() <= now) {
        await store.s3.send(new DeleteObjectCommand({ ...list, Key }))
      }
    }
  }
}

/** After each retention period: nothing reappears, all answers are right, and in the end nothing is left. */
async function passRetention(world: World, accepted: Date): Promise<void> {
  const { input, processed, metadata } = daysOf(testRetention, app)
  jest.useFakeTimers({ doNotFake: [...TIMERS, ...OTHERS] })
  try {
    for (const days of [input + 2, processed + 2, metadata + 2]) {
      const now = accepted.getTime() + days * DAY_MS
      jest.setSystemTime(now)
      for (const imageId of world.ids) await discardUploads(bucket, { app, imageId })
      await expire(now)
      await sweepInputs({ time: new Date(accepted.getTime() + 3 * MINUTE_MS).toISOString() })
      while ((await develop(world)) > 0);
      for (const [n, id] of world.ids.entries()) {
        const { status, body } = await send(getImage, { app, id })
        const answered = status === 200 ? body.status : status
        expect(answered).toBe(days > metadata ? 410 : world.states[n] === 'unknown' ? 404 : world.states[n])
      }
    }
    const stored = await store.storedKeys()
    expect(stored.filter((key) => world.ids.some((id) => key.includes(id)))).toEqual([])
  } finally {
    jest.useRealTimers()
  }
}

async function uploadIdsOf(imageId: string): Promise<unknown[]> {
  const list = { Bucket: store.bucket, Prefix: uploadPrefix({ app, imageId }) }
  const { Uploads = [] } = await store.s3.send(new ListMultipartUploadsCommand(list))
  return Uploads.map(({ UploadId }) => UploadId)
}

test('no history contradicts an earlier answer, loses an image, or leaves anything of an erased one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 20 }), async (history) => {
      const accepted = new Date()
      const ids = Array.from({ length: 3 }, () => newImageId(accepted))
      const world: World = {
        ids,
        states: ['unknown', 'unknown', 'unknown'],
        sent: [{}, {}, {}],
        last: undefined,
      }
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
        if (state === 'processed') {
          expect(keys.length).toBeGreaterThan(2)
          expect(keys.filter((key) => key.startsWith(uploadPrefix({ app, imageId })))).toEqual([])
        }
        expect(await uploadIdsOf(imageId)).toEqual(world.sent[n]?.parts ? [world.sent[n].parts.uploadId] : [])
      }
      await passRetention(world, accepted)
    }),
    { numRuns: 40 },
  )
}, 240_000)
