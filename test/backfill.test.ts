/** `pnpm darkroom backfill` and `dlq`, from the command to the variants, on local S3 and SQS servers. */
import { createHash } from 'node:crypto'
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { newReceipt } from '@darkroom/bucket'
import {
  dateOf,
  type ImageRef,
  inputKey,
  metadataKey,
  newImageId,
  type ProcessedDocument,
  processedKey,
  processedPrefix,
  toUserMetadata,
} from '@darkroom/core'
import { afterAll, afterEach, expect, test } from '@jest/globals'
import { fourCorners } from '../services/image-processor/src/testing/test-images.ts'
import {
  acceptedMessage,
  startResources,
  wholeMinute,
} from '../services/image-processor/test/start-resources.ts'
import { type Call, callDarkroom } from '../tools/cli/src/testing/call-darkroom.ts'

const resources = await startResources()
const { processImages } = await import('../services/image-processor/src/queue/process-images.ts')
const { developHere } = await import('../services/image-processor/src/development/develop.ts')
const { sharpEngine } = await import('../services/image-processor/src/engines/sharp-engine.ts')
const consume = processImages(developHere(sharpEngine))
const s3 = new S3Client({})
const Bucket = process.env.BUCKET
afterAll(async () => {
  s3.destroy()
  await resources.stop()
})

const app = 'web-app-1'
const photograph = await fourCorners(400, 300).jpeg().toBuffer()
const yesterday = new Date(Date.now() - 86_400_000)
const stored: ImageRef[] = []
afterEach(async () => {
  for (const image of stored.splice(0)) {
    for (const Key of [
      inputKey(image),
      metadataKey(image),
      ...(await resources.list(processedPrefix(image))),
    ])
      await s3.send(new DeleteObjectCommand({ Bucket, Key }))
  }
})

/** Stores an original like upload-api and kafka-bridge. */
async function store(time = yesterday): Promise<ImageRef> {
  const image = { app, imageId: newImageId(time) }
  const Metadata = toUserMetadata({
    app,
    acceptedAt: time.toISOString(),
    sha256: createHash('sha256').update(photograph).digest('hex'),
    origin: { kind: 'http' },
    attributes: { album: 'summer' },
  })
  const put = { Bucket, Key: inputKey(image), Body: photograph, ContentType: 'image/jpeg', Metadata }
  await s3.send(new PutObjectCommand(put))
  stored.push(image)
  return image
}

const OLD_VARIANT = { variant: 'square', extension: 'webp' } as const

/** Develops an image, and makes it look like the result of an old preset that no longer exists. */
async function developByOlderPreset(image: ImageRef): Promise<ProcessedDocument> {
  const message = acceptedMessage(photograph, { ...image, s3Uri: `s3://${Bucket}/${inputKey(image)}` })
  await resources.send(resources.queueUrl, message)
  await consume(await resources.receiveEvent(resources.queueUrl), wholeMinute)
  const document = (await resources.document(image)) as ProcessedDocument
  for (const { key } of document.variants) await resources.remove(key)
  const key = processedKey({ ...image, ...OLD_VARIANT })
  await resources.put(key, 'an old variant')
  const old = { name: 'square', key, content_type: 'image/webp', width: 9, height: 9, bytes: 14 }
  const earlier = {
    ...document,
    preset: 'older',
    preset_version: 3,
    queued_ms: 11,
    processing_ms: 22,
    variants: [old],
  }
  await resources.put(metadataKey(image), JSON.stringify(earlier))
  return earlier
}

const backfill = (...args: string[]) => run('backfill', ...args)

function run(...args: string[]): Promise<Call> {
  return callDarkroom([...args, '--bucket', String(Bucket), '--queue-url', resources.queueUrl], {})
}

/** The first line of each result. */
const STORE = `store: s3://${Bucket} (${process.env.AWS_ENDPOINT_URL_S3}, ${process.env.AWS_REGION})\n`
const toDefault = (...more: string[]) =>
  backfill('--app', app, '--preset', 'default', '--rate', '50', ...more)
const receive = () => resources.receiveEvent(resources.queueUrl)
const original = (image: ImageRef) => s3.send(new HeadObjectCommand({ Bucket, Key: inputKey(image) }))
const DONE = { batchItemFailures: [] }

test('an image is developed again with the preset; its original stays and its old variants are deleted', async () => {
  const image = await store()
  const earlier = await developByOlderPreset(image)
  const before = await original(image)
  expect(await toDefault()).toMatchObject({
    code: 0,
    printed: `${STORE}${dateOf(image.imageId)}  1 of older v3\n1 message sent, to be developed by default\n`,
  })
  const event = await receive()
  expect(await consume(event, wholeMinute)).toEqual(DONE)

  const document = (await resources.document(image)) as ProcessedDocument
  expect(document).toMatchObject({ status: 'processed', preset: 'default', attributes: { album: 'summer' } })
  // These are the times of the first development, for which the owner waited.
  expect([document.queued_ms, document.processing_ms]).toEqual([11, 22])
  expect(document.finished_at > earlier.finished_at).toBe(true)
  expect(await resources.list(processedPrefix(image))).toEqual(
    document.variants.map(({ key }) => key).toSorted(),
  )
  const after = await original(image)
  expect([after.ETag, after.LastModified, after.Metadata]).toEqual([
    before.ETag,
    before.LastModified,
    before.Metadata,
  ])

  resources.clearWrites()
  expect(await consume(await resources.redeliver(resources.queueUrl, event), wholeMinute)).toEqual(DONE)
  expect(resources.writtenKeys()).toEqual([])
})

test('a dry run says what would be sent, and sends nothing', async () => {
  await developByOlderPreset(await store())
  const { code, printed } = await toDefault('--dry-run')
  expect([code, printed]).toEqual([0, expect.stringMatching(/ {2}1 of older v3\n1 message would be sent/)])
  expect(await resources.bodies(resources.queueUrl)).toEqual([])
})

test('only processed images of the given days are sent', async () => {
  const image = await store()
  const failed = await store()
  const unfinished = await store()
  const day = dateOf(image.imageId)
  const earlier = await developByOlderPreset(image)
  await fail(failed, earlier)
  expect(unfinished.imageId).not.toBe(image.imageId)
  expect((await toDefault('--dry-run', '--from', day, '--to', day)).printed).toMatch(/^1 message would/m)
  expect((await toDefault('--dry-run', '--from', dateOf(newImageId()))).printed).toMatch(/^0 messages would/m)
  expect((await toDefault('--dry-run', '--to', '2020-01-01')).printed).toMatch(/^0 messages would/m)
})

/** Gives an image a failed document. */
async function fail(image: ImageRef, like: ProcessedDocument, more: object = {}): Promise<void> {
  const { schema_version, accepted_at, finished_at, origin, attributes } = like
  const { app, imageId: image_id } = image
  await resources.put(
    metadataKey(image),
    JSON.stringify({
      ...{ schema_version, image_id, app, accepted_at, finished_at, origin, attributes, status: 'failed' },
      ...{ failure_type: 'corrupt-image', failure_detail: 'It is damaged.', ...more },
    }),
  )
}

test('what failed by a guess is redriven and processed; a verdict of the decoder stays', async () => {
  const [guessed, judged] = [await store(), await store()]
  const like = await developByOlderPreset(await store())
  await fail(guessed, like, { receive_count: 2 })
  await fail(judged, like, { receive_count: 1 })
  const redrive = (...more: string[]) => run('dlq', 'redrive-failed', '--app', app, '--rate', '50', ...more)
  const day = dateOf(guessed.imageId)
  expect((await redrive('--all', '--dry-run')).printed).toBe(
    `${STORE}${day}  2 of corrupt-image\n2 messages would be sent, to be processed again\n`,
  )
  expect((await redrive()).printed).toBe(
    `${STORE}${day}  1 of corrupt-image\n1 message sent, to be processed again\n`,
  )
  expect(await consume(await receive(), wholeMinute)).toEqual(DONE)
  expect((await resources.document(guessed)).status).toBe('processed')
  expect((await resources.document(judged)).status).toBe('failed')
})

test('an image that is erased in the meantime stays erased', async () => {
  const image = await store()
  await developByOlderPreset(image)
  await toDefault()
  await resources.put(metadataKey(image), JSON.stringify(newReceipt(image, 'c0ffee123456', 2)))
  expect(await consume(await receive(), wholeMinute)).toEqual(DONE)
  expect((await resources.document(image)).status).toBe('erased')
  expect(await resources.list(processedPrefix(image))).toEqual([])
})

test('a development that fails keeps the earlier result', async () => {
  const image = await store()
  const earlier = await developByOlderPreset(image)
  await toDefault()
  await resources.put(inputKey(image), photograph.subarray(0, 900))
  expect(await consume(await receive(), wholeMinute)).toEqual(DONE)
  expect(await resources.document(image)).toEqual(earlier)
})

test('with an unknown preset nothing changes, and the message is retried', async () => {
  const image = await store()
  const earlier = await developByOlderPreset(image)
  const s3Uri = `s3://${Bucket}/${inputKey(image)}`
  const redevelop = { preset: 'not-yet' }
  await resources.send(resources.queueUrl, acceptedMessage(photograph, { ...image, s3Uri, redevelop }))
  const event = await receive()
  expect(await consume(event, wholeMinute)).toEqual({
    batchItemFailures: [{ itemIdentifier: event.Records[0]?.messageId }],
  })
  expect(await resources.document(image)).toEqual(earlier)
})

test.each([
  [['--app', 'Web App 1', '--preset', 'default'], /--app/],
  [['--app', app], /required option '--preset/],
  [['--app', app, '--preset', 'default', '--from', 'yesterday'], /--from/],
  [['--app', app, '--preset', 'default', '--rate', '0'], /messages per second, up to 100/],
  [
    ['--app', app, '--preset', 'defualt'],
    /No preset is named "defualt" in .*apps\.json \(there are: default, modern\)/,
  ],
  [
    ['--app', app, '--preset', 'default', '--from', '2026-11-02', '--to', '2026-11-01'],
    /--to is before --from/,
  ],
])('%j is refused with the reason', async (args, words) => {
  const { code, printed } = await backfill(...args)
  expect([code, printed]).toEqual([1, expect.stringMatching(words)])
})
