/**
 * Measures what Kafka adds: the bridge's handler compared with its bare requests to S3 and SQS, and the time from the
 * producer until an image is processed. `pnpm bench:kafka [--images N] [--rate PER_SECOND] [--rounds N]
 * [--photos DIR]`, about four minutes.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { awsEnvironment, localCredentials, startLocalAws } from '@darkroom/local-aws'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import sharp from 'sharp'
import { photographs } from '../services/image-processor/test/bench-photographs.ts'
import type { Mode, Throughput } from './bridge-peer.ts'
import { measureLatency } from './kafka-latency.ts'
import { printPercentiles } from './percentile-table.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: {
    images: { type: 'string', default: '60' },
    rate: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    photos: { type: 'string' },
  },
})

interface Kind {
  /** Approximate size of the image. */
  bytes: number
  mode: Mode
  partitions: number
}

/** An event can contain two images of 2 MB in binary mode, and one in structured mode. */
const KINDS: Kind[] = [
  { bytes: 200e3, mode: 'binary', partitions: 1 },
  { bytes: 200e3, mode: 'binary', partitions: 4 },
  { bytes: 200e3, mode: 'structured', partitions: 1 },
  { bytes: 200e3, mode: 'structured', partitions: 4 },
  { bytes: 2e6, mode: 'binary', partitions: 1 },
  { bytes: 2e6, mode: 'binary', partitions: 2 },
  { bytes: 2e6, mode: 'structured', partitions: 1 },
]

/** A photograph, resized to reach the target size. */
async function jpegOf(bytes: number): Promise<Buffer> {
  const [photograph] = await photographs([12], options.photos)
  const original = await readFile(photograph?.path ?? '')
  let width = 1024
  let jpeg = Buffer.alloc(0)
  for (let attempt = 0; attempt < 4; attempt++) {
    jpeg = await sharp(original).resize({ width }).jpeg({ quality: 85 }).toBuffer()
    width = Math.round(width * Math.sqrt(bytes / jpeg.length))
  }
  return jpeg
}

/** S3 and SQS run in this process, the bridge in its own. */
async function measure({ mode, partitions }: Kind, jpegPath: string): Promise<Throughput> {
  const aws = await startLocalAws()
  try {
    const env = { ...process.env, ...(await bridgeEnvironment(aws.endpoint)) }
    const peer = fork(
      fileURLToPath(new URL('bridge-peer.ts', import.meta.url)),
      [jpegPath, mode, String(partitions), options.rounds],
      { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    )
    const failed = once(peer, 'exit').then(([code]) => {
      throw new Error(`the bridge exited with ${code} before it sent a result`)
    })
    const [measured] = await Promise.race([once(peer, 'message'), failed])
    return measured
  } finally {
    await aws.stop()
  }
}

/** Returns the environment, because the stack later reads that of this process. */
async function bridgeEnvironment(endpoint: string): Promise<Record<string, string>> {
  const environment = awsEnvironment(endpoint)
  const connection = {
    endpoint,
    region: 'us-east-1',
    credentials: localCredentials,
  }
  const s3 = new S3Client({ ...connection, forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: 'darkroom-bench' }))
  const sqs = new SQSClient(connection)
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'images' }))
  return {
    ...environment,
    STAGE: 'bench',
    BUCKET: 'darkroom-bench',
    UNDELIVERED_BUCKET: 'undelivered-bench',
    QUEUE_URL: QueueUrl,
  }
}

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

function report({ mode, partitions }: Kind, bytes: number, measured: Throughput): string[] {
  const { records, recordsPerEvent, bridgeMs, bareMs } = measured
  const perSecond = (records * 1000) / median(bridgeMs)
  const barePerSecond = (records * 1000) / median(bareMs)
  return [
    mode,
    `${(bytes / 1e3).toFixed(0)} KB`,
    String(partitions),
    String(recordsPerEvent),
    perSecond.toFixed(0),
    ((perSecond * bytes) / 1e6).toFixed(0),
    barePerSecond.toFixed(0),
    (barePerSecond / perSecond).toFixed(2),
  ]
}

async function printThroughput(folder: string): Promise<void> {
  console.log(
    "The bridge's handler compared with the same requests to S3 and SQS without it, in alternating passes;",
  )
  console.log(`medians of ${options.rounds} passes. S3 and SQS are tools/local-aws.`)
  const rows: string[][] = []
  const paths = new Map<number, { path: string; length: number }>()
  for (const kind of KINDS) {
    let image = paths.get(kind.bytes)
    if (!image) {
      const jpeg = await jpegOf(kind.bytes)
      image = { path: join(folder, `${kind.bytes}.jpg`), length: jpeg.length }
      await writeFile(image.path, jpeg)
      paths.set(kind.bytes, image)
    }
    rows.push(report(kind, image.length, await measure(kind, image.path)))
  }
  const columns = [
    'mode',
    'image',
    'partitions',
    'per event',
    'records/s',
    'MB/s',
    'bare rec/s',
    'bare / ours',
  ]
  console.log(formatTable(columns, rows))
}

async function printLatency(): Promise<void> {
  const { images, rate, photos } = options
  const samples = await measureLatency({ images: Number(images), rate: Number(rate), photos })
  printPercentiles({
    'send → acknowledged': samples.map(({ produced }) => produced),
    'acknowledged → processed': samples.map(({ processed }) => processed),
    'send → processed': samples.map(({ produced, processed }) => produced + processed),
  })
}

const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-kafka-'))
try {
  await printThroughput(folder)
  await printLatency()
} finally {
  await rm(folder, { recursive: true })
}
