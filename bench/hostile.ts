/**
 * `pnpm bench:hostile` prints what files and requests that were made to cost much take: processor time, memory besides the
 * input, and the size of the answer. Exits with 1 if one takes more than two seconds or has an answer of more than 4 KB.
 *
 * The files have 48 MB of tiny parts. The API inspects them as a stream when a direct upload is completed, and the processor in
 * memory. Requests go through the API's handlers to the local S3, whose time and memory count too.
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { newImageId, ProblemError } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { scriptOptions } from '@darkroom/terminal'
import { inspectImage, inspectStream } from '../packages/image-file/src/index.ts'
import { ENDLESS_IMAGES } from '../services/image-processor/test/hostile/endless-images.ts'
import { peakMemory, resetPeakMemory } from '../services/image-processor/test/process-figures.ts'
import { openStore } from '../services/upload-api/src/testing/open-store.ts'
import { send, type TestRequest } from '../services/upload-api/src/testing/send.ts'

/** Twice what the slowest takes on two cores of a server. */
const MAX_SECONDS = 2
const MAX_ANSWER_BYTES = 4096
/** As S3 sends an object. */
const STREAMED_BYTES = 64 * 1024

scriptOptions(import.meta.filename, {})
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

interface Cost<Result> {
  result: Result
  seconds: number
  /** Undefined where the kernel does not tell. */
  megabytes: number | undefined
}

async function measure<Result>(run: () => Promise<Result>): Promise<Cost<Result>> {
  collectGarbage()
  resetPeakMemory(process.pid)
  const before = process.memoryUsage.rss()
  const start = process.cpuUsage()
  const result = await run()
  const { user, system } = process.cpuUsage(start)
  const peak = peakMemory(process.pid)?.resident
  return {
    result,
    seconds: (user + system) / 1e6,
    megabytes: peak === undefined ? undefined : Math.max(0, peak - before) / 1e6,
  }
}

let isTooMuch = false

function row(name: string, costs: Cost<unknown>[], answer: string, answerBytes: number): void {
  const seconds = costs.map((cost) => cost.seconds)
  const megabytes = costs.flatMap((cost) => cost.megabytes ?? [])
  isTooMuch ||= Math.max(...seconds) > MAX_SECONDS || answerBytes > MAX_ANSWER_BYTES
  const memory = megabytes.length > 0 ? `${Math.max(...megabytes).toFixed(0)} MB` : '?'
  const cells = [name, ...seconds.map((one) => `${one.toFixed(2)} s`), memory, answer, `${answerBytes} B`]
  console.log(`| ${cells.join(' | ')} |`)
}

function header(...names: string[]): void {
  console.log(`\n| ${names.join(' | ')} |\n|${names.map(() => ' --- ').join('|')}|`)
}

async function answerTo(inspect: () => Promise<unknown>): Promise<{ slug: string; detail: string }> {
  try {
    await inspect()
    return { slug: 'accepted', detail: '' }
  } catch (error) {
    if (error instanceof ProblemError) return error
    throw error
  }
}

async function* streamed(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += STREAMED_BYTES) yield bytes.subarray(at, at + STREAMED_BYTES)
}

header('48 MB of', 'API', 'processor', 'memory', 'result', 'answer')
for (const { name, make } of ENDLESS_IMAGES) {
  const bytes = await make()
  const asStream = await measure(() => answerTo(() => inspectStream(streamed(bytes))))
  const inMemory = await measure(() => answerTo(() => inspectImage(bytes)))
  const { slug, detail } = inMemory.result
  row(name, [asStream, inMemory], slug, Buffer.byteLength(detail))
}

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler: uploadImage } = await import('../services/upload-api/src/routes/upload-image.ts')
const { handler: createToken } = await import('../services/upload-api/src/routes/create-token.ts')
const { handler: createUpload } = await import('../services/upload-api/src/routes/create-upload.ts')
const { handler: completeUpload } = await import('../services/upload-api/src/routes/complete-upload.ts')
const { handler: listImages } = await import('../services/upload-api/src/routes/list-images.ts')
const { bucket } = await import('../services/upload-api/src/clients.ts')

let requestsToS3 = 0
bucket.s3.middlewareStack.add((next) => (args) => {
  requestsToS3++
  return next(args)
})

const app = 'web-app-1'
const KEYS = 200_000
const badKeys = Object.fromEntries(Array.from({ length: KEYS }, (_, n) => [`K ${n}`, 1]))
const json = (body: object): TestRequest => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const ids = (count: number) => Array.from({ length: count }, () => newImageId()).join(',')
const REQUESTS: [string, unknown, TestRequest][] = [
  ['an image with 200,000 bad keys', uploadImage, json(badKeys)],
  ['an image with 200,000 bad attributes', uploadImage, json({ data: '', attributes: badKeys })],
  ['an upload with 200,000 bad keys', createUpload, { ...json(badKeys), path: '/v1/uploads' }],
  ['a token with 200,000 bad keys', createToken, { ...json(badKeys), path: '/v1/tokens' }],
  ['an image that is JSON, 100,000 lists deep', uploadImage, { ...json({}), body: '['.repeat(100_000) }],
  ['100 unknown ids', listImages, { query: { ids: ids(100) } }],
  ['100,000 unknown ids', listImages, { query: { ids: ids(100_000) } }],
  [
    'the completion of an unknown upload',
    completeUpload,
    { method: 'POST', id: newImageId(), path: '/v1/uploads/id/complete' },
  ],
]
// The first request loads what all of them need.
await send(listImages, { app })
header('request', 'time', 'memory', 'result', 'answer')
for (const [name, handler, request] of REQUESTS) {
  requestsToS3 = 0
  const cost = await measure(() => send(handler, { app, ...request }))
  const { status, body } = cost.result
  const result = `${status}, ${requestsToS3} requests to S3`
  row(name, [cost], result, Buffer.byteLength(JSON.stringify(body)))
}
await store.close()
await aws.stop()
if (isTooMuch) process.exitCode = 1
