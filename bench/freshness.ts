/**
 * Measures how soon a finished image is in `images_now`: documents are committed at a steady rate, the services announce and collect
 * them, and an open catalogue reads the files again and again. `pnpm bench:freshness [--rate N] [--seconds N] [--window SECONDS]`
 *
 * `--window` is how long events are gathered for a file: 60 s in a deployment, 1 s with `pnpm dev`. It also prints the size of the
 * files, and from it what the merges of a million images read.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { listCollected } from '@darkroom/bucket'
import { generateImages, openCatalogue } from '@darkroom/catalogue'
import { metadataKey, OUTCOMES } from '@darkroom/core'
import { awsEnvironment, localCredentials, startLocalAws } from '@darkroom/local-aws'
import { startServices } from '@darkroom/local-stack'
import { scriptOptions } from '@darkroom/terminal'
import { atSteadyRate } from './at-steady-rate.ts'
import { printPercentiles } from './percentile-table.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: {
    rate: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '60' },
    window: { type: 'string', default: '1' },
  },
})
const [rate, seconds] = [Number(options.rate), Number(options.seconds)]
const bucket = 'darkroom-local'
/** Of mergeOutcomes: it reads each file twice, and the last minutes again. */
const [MERGE_MINUTES, AGAIN_MINUTES, READS] = [5, 2, 2]

interface Committed {
  image_id: string
  app: string
}

const folder = await mkdtemp(join(tmpdir(), 'bench-freshness-'))
const aws = await startLocalAws()
const services = await startServices({
  services: ['image-processor', 'analytics-catalog'],
  environment: {
    ...awsEnvironment(aws.endpoint),
    BUCKET: bucket,
    QUEUE_URL: `${aws.endpoint}/000000000000/darkroom-local-images`,
    PARKED_QUEUE_URL: `${aws.endpoint}/000000000000/darkroom-local-images-parked`,
    COLLECT_SECONDS: options.window,
  },
  onLine: () => {},
})
const s3 = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials: localCredentials })
try {
  const documents = await generatedDocuments(rate * seconds)
  const catalogue = await openCatalogue(s3, bucket)
  const committed = new Map<string, number>()
  const visible = new Map<string, number>()
  const committing = atSteadyRate(documents.length, rate, async (n) => {
    const document = documents[n]
    if (!document) return
    const Key = metadataKey({ app: document.app, imageId: document.image_id })
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: JSON.stringify(document) }))
    committed.set(document.image_id, performance.now())
  })
  while (visible.size < documents.length) {
    await catalogue.refresh()
    const { rows } = await catalogue.query('SELECT image_id FROM images_now')
    const now = performance.now()
    for (const [id] of rows) if (!visible.has(String(id))) visible.set(String(id), now)
  }
  await committing
  const waits = [...committed].map(([id, at]) => (visible.get(id) ?? Number.NaN) - at)
  console.log(`${documents.length} documents, ${rate} a second, events gathered for ${options.window} s`)
  printPercentiles({ 'from the commit to images_now': waits })
  catalogue.close()
  await printSizes(documents.length)
} finally {
  await services.stop()
  s3.destroy()
  await aws.stop()
  await rm(folder, { recursive: true })
}

/** Erased ones are never visible. */
async function generatedDocuments(count: number): Promise<Committed[]> {
  const generation = {
    images: Math.ceil(count * 1.1) + 20,
    seed: 3,
    days: 2,
    until: new Date().toISOString(),
  }
  const text = await readFile(await generateImages(folder, generation, 'json'), 'utf8')
  const documents = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return documents.filter(({ status }) => status !== 'erased').slice(0, count)
}

async function printSizes(events: number): Promise<void> {
  let [files, bytes] = [0, 0]
  for await (const file of listCollected({ s3, name: bucket }, OUTCOMES)) {
    files += 1
    bytes += file.bytes
  }
  const read = (bytes / events) * READS * ((MERGE_MINUTES + AGAIN_MINUTES) / MERGE_MINUTES)
  console.log(
    `${files} files, ${Math.round(bytes / events)} bytes an image; the merges of a million images read ${(read / 1000).toFixed(1)} GB`,
  )
}
