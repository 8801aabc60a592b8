/**
 * Measures the memory of each function while it handles an image of 50 MB: `pnpm bench:memory`. The functions run one after
 * another in their own processes; S3 and SQS run in this one. Samples the resident memory of the process and its children
 * every 20 ms from /proc, so it only works on Linux.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import {
  claimKey,
  type ImageAccepted,
  type ImageRef,
  MAX_STORED_BYTES,
  newImageId,
  PART_BYTES,
  s3Uri,
  toUserMetadata,
  uploadKey,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { kafkaEvent, kafkaRecord } from '../services/kafka-bridge/test/kafka-records.ts'
import { openStore } from '../services/upload-api/src/testing/open-store.ts'
import { watchEvent } from '../services/upload-api/src/testing/watch-event.ts'
import { largePhotograph } from '../test/large-photograph.ts'

const SAMPLE_MS = 20
const app = 'web-app-2'

scriptOptions(import.meta.filename, {})
const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
Object.assign(process.env, {
  STAGE: 'bench',
  PARKED_QUEUE_URL: process.env.QUEUE_URL,
  EVENTS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:darkroom-local-events',
  UNDELIVERED_BUCKET: 'undelivered-bench',
})
const image = await largePhotograph(MAX_STORED_BYTES / 3.01)
const newImage = (time = new Date()): ImageRef => ({ app, imageId: newImageId(time) })

const objectOf = (ref: ImageRef) => ({
  Bucket: store.bucket,
  Key: uploadKey({ ...ref, bytes: image.length }),
  ContentType: 'image/png',
  Metadata: toUserMetadata({ app, origin: { kind: 'http' }, attributes: {} }),
})

/** Stores an upload as a browser's form does. */
async function putUpload(ref: ImageRef): Promise<void> {
  const { Bucket: _, Key, ...object } = objectOf(ref)
  await store.put(Key, image, object)
}

async function putParts(ref: ImageRef): Promise<void> {
  const { Bucket, Key, ...object } = objectOf(ref)
  const { UploadId } = await store.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...object }))
  for (let number = 1; (number - 1) * PART_BYTES < image.length; number++) {
    const Body = image.subarray((number - 1) * PART_BYTES, number * PART_BYTES)
    await store.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: number, Body }))
  }
}

function residentBytes(pid: number): number {
  try {
    const own = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return Number(own ?? 0) * 1024 + children.reduce((sum, child) => sum + residentBytes(Number(child)), 0)
  } catch {
    // The process has just exited.
    return 0
  }
}

async function answerOf(peer: ChildProcess): Promise<unknown> {
  const [message] = await Promise.race([
    once(peer, 'message'),
    once(peer, 'exit').then(([code]) => Promise.reject(new Error(`the function ended with ${code}`))),
  ])
  return message
}

async function measure(name: string, module: string, event: object): Promise<void> {
  const handler = new URL(`../services/${module}`, import.meta.url).href
  const execArgv = ['--disable-warning=ExperimentalWarning']
  const env = { ...process.env, MALLOC_ARENA_MAX: '1' }
  const program = fileURLToPath(new URL('memory-peer.ts', import.meta.url))
  const peer = fork(program, [handler], { env, execArgv, serialization: 'advanced' })
  await answerOf(peer)
  const started = residentBytes(peer.pid ?? 0)
  let peak = started
  const sampling = setInterval(() => {
    peak = Math.max(peak, residentBytes(peer.pid ?? 0))
  }, SAMPLE_MS)
  const sentAt = performance.now()
  peer.send(event)
  const answer = await answerOf(peer)
  const seconds = ((performance.now() - sentAt) / 1000).toFixed(1)
  clearInterval(sampling)
  rows.push([name, megabytes(started), megabytes(peak), megabytes(peak - started), seconds])
  requireDone(name, answer)
}

/** Checks that the function did its work; otherwise its memory would be too low. */
function requireDone(name: string, answer: unknown): void {
  const { status, completed, batchItemFailures } = answer as Record<string, unknown>
  const isDone = status ? Number(status) < 300 : completed === 1 || String(batchItemFailures) === ''
  if (!isDone) throw new Error(`${name} did not do its work: ${JSON.stringify(answer)}`)
}

const megabytes = (bytes: number) => String(Math.round(bytes / 1e6))
const rows: string[][] = []

const post = (path: string, more: object = {}) => ({ method: 'POST', path, app, ...more })
const json = { headers: { 'content-type': 'application/json' } }

const [formed, inParts, claimed] = [newImage(), newImage(), newImage()]
const unfinished = newImage()
await Promise.all([putUpload(formed), putUpload(unfinished), store.put(claimKey(claimed), image)])
await putParts(inParts)
const claim = {
  specversion: '1.0',
  id: claimed.imageId,
  source: '/bench',
  type: 'image.submitted.v1',
  time: new Date().toISOString(),
  data: { ref: s3Uri(store.bucket, claimKey(claimed)) },
}
const claimRecord = kafkaRecord({
  value: Buffer.from(JSON.stringify(claim)),
  headers: { 'content-type': 'application/cloudevents+json' },
})

console.log(
  `A PNG of ${(image.length / 1e6).toFixed(1)} MB; resident memory in MB, at start and at its peak\n`,
)
await measure('uploadImage, 4 MB', 'upload-api/src/routes/upload-image.ts', {
  ...post('/v1/images', { headers: { 'content-type': 'image/png' } }),
  body: await largePhotograph(1_380_000),
})
await measure('createUpload', 'upload-api/src/routes/create-upload.ts', {
  ...post('/v1/uploads', json),
  json: { bytes: image.length, contentType: 'image/png' },
})
await measure('signUpload', 'upload-api/src/routes/sign-upload.ts', {
  ...post('/v1/uploads/sign', json),
  json: { method: 'PUT', key: objectOf(formed).Key, uploadId: 'u', partNumber: 1 },
})
for (const [name, { imageId: id }] of [
  ['completeUpload, of a form', formed],
  ['completeUpload, of ten parts', inParts],
] as const) {
  await measure(name, 'upload-api/src/routes/complete-upload.ts', post(`/v1/uploads/${id}/complete`, { id }))
}
await measure(
  'watchImages, an unfinished upload',
  'upload-api/src/watch/watch-images.ts',
  watchEvent(store.bucket, objectOf(unfinished).Key),
)
await measure('bridgeRecords, a claim check', 'kafka-bridge/src/bridge-records.ts', kafkaEvent(claimRecord))
const messages = await store.takeMessages()
const recordOf = (message: ImageAccepted | undefined) => ({
  messageId: 'm-1',
  receiptHandle: 'r-1',
  body: JSON.stringify(message),
  attributes: { ApproximateReceiveCount: '1' },
})
const waiting = messages.find(({ subject }) => subject === formed.imageId)
await measure('processImages with sharp', 'image-processor/src/handlers/process-images-with-sharp.ts', {
  Records: [recordOf(waiting)],
})
await measure('getImage', 'upload-api/src/routes/get-image.ts', { method: 'GET', app, id: formed.imageId })
await measure('eraseImage', 'upload-api/src/routes/erase-image.ts', {
  method: 'DELETE',
  app,
  id: formed.imageId,
})
console.log(formatTable(['function', 'start', 'peak', 'difference', 'seconds'], rows))
await store.close()
await aws.stop()
