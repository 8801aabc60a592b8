/**
 * Services deploy one by one, so every reader of a stored document, the metadata of an original or a message may get one
 * that a later version wrote, or garbage. Here every reader gets all of these. Each table has the expected results. In every
 * run, another image of the same app and day is valid, and must be served.
 */
import { createHash } from 'node:crypto'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { openCatalogue } from '@darkroom/catalogue'
import {
  auditBucketOf,
  dateOf,
  hashKey,
  heldPrefix,
  type ImageAccepted,
  type ImageRef,
  inputKey,
  metadataKey,
  newImageId,
  processedKey,
  readDocument,
  s3Uri,
  timeOf,
  toUserMetadata,
} from '@darkroom/core'
import { collectFigures } from '@darkroom/dashboard'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { SQSEvent, SQSRecord } from 'aws-lambda'
import { failedDocument, processedDocument } from '../services/upload-api/src/testing/documents.ts'
import { openStore } from '../services/upload-api/src/testing/open-store.ts'
import { png } from '../services/upload-api/src/testing/sample-images.ts'
import { send } from '../services/upload-api/src/testing/send.ts'
import { watchEvent } from '../services/upload-api/src/testing/watch-event.ts'
import { collectStored } from '../tools/catalogue/src/testing/collect-documents.ts'
import { darkroom } from '../tools/cli/src/program.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
process.env.PARKED_QUEUE_URL = process.env.QUEUE_URL
process.env.EVENTS_TOPIC_ARN = 'arn:aws:sns:us-east-1:000000000000:darkroom-local-events'
const { handler: uploadImage } = await import('../services/upload-api/src/routes/upload-image.ts')
const { handler: getImage } = await import('../services/upload-api/src/routes/get-image.ts')
const { handler: listImages } = await import('../services/upload-api/src/routes/list-images.ts')
const { handler: eraseImage } = await import('../services/upload-api/src/routes/erase-image.ts')
const { handler: watchImages } = await import('../services/upload-api/src/watch/watch-images.ts')
const { processImages } = await import('../services/image-processor/src/queue/process-images.ts')
const { sharpEngine } = await import('../services/image-processor/src/engines/sharp-engine.ts')
const { developHere } = await import('../services/image-processor/src/development/develop.ts')
const { handler: settleDeadLetters } = await import(
  '../services/image-processor/src/handlers/settle-dead-letters.ts'
)
const consume = processImages(developHere(sharpEngine))
const s3 = new S3Client({})
const sqs = new SQSClient({})
const Bucket = store.bucket
await s3.send(new CreateBucketCommand({ Bucket: auditBucketOf(Bucket) }))
afterAll(async () => {
  s3.destroy()
  sqs.destroy()
  await store.close()
  await aws.stop()
})

const LATER = {
  schema_version: 2,
  origin: 'sftp',
  engine: 'vips',
  content_type: 'image/jxl',
  warnings: ['trailing-data', 'sidecar-ignored'],
  perceptual_hash: 'f0'.repeat(16),
  queued_ms: 300.5,
  preset: 'older',
  depth_map: { near: 1, far: [2, 3] },
}
type Write = (image: ImageRef) => string
const json =
  (change: object, document: (image: ImageRef) => object = processedDocument): Write =>
  (image) =>
    `${JSON.stringify({ ...document(image), sha256: SHA256, ...change })}\n`
const SHA256 = createHash('sha256').update(png).digest('hex')

/** The stored documents, by the column of the table. */
const DOCUMENTS = {
  'later values and fields': [json(LATER)],
  'a later failure': [json({ ...LATER, failure_type: 'too-blurred' }, failedDocument)],
  'an unknown status': [
    json({ ...LATER, status: 'quarantined' }),
    ({ app, imageId }) =>
      JSON.stringify({
        schema_version: 2,
        image_id: imageId,
        app,
        accepted_at: timeOf(imageId).toISOString(),
        status: 'quarantined',
      }),
  ],
  garbage: [
    () => '',
    () => 'no JSON',
    () => 'null',
    (image) => json({})(image).slice(0, 200),
    (image) => `[${json({})(image)}]`,
    () => '{}',
    json({ status: 7 }),
    json({ bytes: '7', variants: 'all' }),
    json({ accepted_at: 'yesterday' }),
    (image) => json({})({ ...image, imageId: newImageId() }),
    (image) => json({})({ ...image, app: 'somebody-else' }),
  ],
} satisfies Record<string, Write[]>
type Column = keyof typeof DOCUMENTS

interface Stored extends ImageRef {
  document: string
}
/** One run: images with the documents of a column, and a neighbour with a valid document. */
interface Run {
  app: string
  images: Stored[]
  neighbour: ImageRef
}

let runs = 0
async function startRun(writes: Write[], app = `app-${++runs}`): Promise<Run> {
  const images: Stored[] = []
  for (const write of writes) {
    const image = { app, imageId: newImageId() }
    const document = write(image)
    await putOriginal(image)
    // Bytes, because the SDK warns of an empty string: it has no Content-Length.
    await store.put(metadataKey(image), Buffer.from(document))
    await store.put(processedKey({ ...image, variant: 'thumb', extension: 'webp' }), 'a variant')
    images.push({ ...image, document })
  }
  const neighbour = { app, imageId: newImageId() }
  await putOriginal(neighbour)
  await store.putDocument(processedDocument(neighbour))
  return { app, images, neighbour }
}

async function putOriginal(
  image: ImageRef,
  change: Record<string, string | undefined> = {},
  more: Record<string, string> = {},
): Promise<void> {
  const metadata = {
    ...toUserMetadata({
      app: image.app,
      acceptedAt: timeOf(image.imageId).toISOString(),
      sha256: SHA256,
      origin: { kind: 'http' },
      attributes: { album: 'coast' },
    }),
    ...change,
  }
  const Metadata = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined))
  await store.put(inputKey(image), png, { ContentType: 'image/png', ...more, Metadata })
}

const each = async <Result>(
  images: Stored[],
  read: (image: Stored) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = []
  for (const image of images) results.push(await read(image))
  return results
}

async function storedText(image: ImageRef): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: metadataKey(image) }))
  return String(await Body?.transformToString())
}
const isUntouched = async (image: Stored) => (await storedText(image)) === image.document

async function keysUnder(Prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))
  return Contents.map(({ Key = '' }) => Key)
}

/** `processed`, or `500 document-unreadable`. */
const outcomeOf = ({ status, body }: Awaited<ReturnType<typeof send>>): string =>
  status === 200 ? body.status : `${status} ${body.type.split(':').at(-1)}`

const get = async ({ app, imageId }: ImageRef, headers = {}) =>
  outcomeOf(await send(getImage, { app, id: imageId, headers }))

async function listed({ app, images, neighbour }: Run, query: Record<string, string>, headers = {}) {
  const { status, body } = await send(listImages, { app, query, headers })
  expect(status).toBe(200)
  const statuses = new Map<string, string>(
    body.items.map((item: { id: string; status: string }) => [item.id, item.status]),
  )
  expect(statuses.get(neighbour.imageId)).toBe('processed')
  return images.map(({ imageId }) => statuses.get(imageId) ?? 'left out')
}

function messageOf({ app, imageId }: ImageRef, more: object = {}): ImageAccepted {
  return {
    specversion: '1.0',
    id: imageId,
    source: '/darkroom/test',
    type: 'image.accepted.v1',
    time: timeOf(imageId).toISOString(),
    subject: imageId,
    datacontenttype: 'application/json',
    data: {
      app,
      imageId,
      s3Uri: s3Uri(Bucket, inputKey({ app, imageId })),
      contentType: 'image/png',
      bytes: png.length,
      sha256: SHA256,
      acceptedAt: timeOf(imageId).toISOString(),
      origin: { kind: 'http' },
      attributes: {},
      ...more,
    },
  }
}

const eventOf = (...bodies: string[]): SQSEvent => ({
  Records: bodies.map(
    (body, n) =>
      ({
        messageId: String(n),
        receiptHandle: 'none',
        body,
        attributes: { ApproximateReceiveCount: '1' },
      }) as SQSRecord,
  ),
})

const failedIds = (answer: { batchItemFailures: { itemIdentifier: string }[] }) =>
  answer.batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier))

/** Processes messages in one batch, with a valid message before and after them. */
async function consumed(bodies: string[]): Promise<string[]> {
  const neighbour = { app: 'beside', imageId: newImageId() }
  await putOriginal(neighbour)
  const valid = JSON.stringify(messageOf(neighbour))
  const answer = await consume(eventOf(valid, ...bodies, valid), { getRemainingTimeInMillis: () => 60_000 })
  const failed = failedIds(answer)
  expect(failed).not.toContain(0)
  expect(failed).not.toContain(bodies.length + 1)
  expect(readDocument(await storedText(neighbour), neighbour).document?.status).toBe('processed')
  return bodies.map((_, n) => (failed.includes(n + 1) ? 'again later' : 'settled'))
}

async function waitingMessages(): Promise<string[]> {
  const QueueUrl = process.env.QUEUE_URL
  const receive = { QueueUrl, MaxNumberOfMessages: 10 }
  const bodies: string[] = []
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(receive))
    if (Messages.length === 0) return bodies
    for (const { ReceiptHandle } of Messages)
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
    bodies.push(...Messages.map(({ Body = '' }) => Body))
  }
}

/** What a command prints. */
async function run(...args: string[]): Promise<string> {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  const spies = (['log', 'error', 'warn'] as const).map((name) =>
    jest.spyOn(console, name).mockImplementation(print),
  )
  try {
    await (await darkroom(args)).parseAsync(args, { from: 'user' })
    return lines.join('\n')
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

type Reader = (run: Run) => Promise<string[]>
type Table = [reader: string, read: Reader, outcomes: Record<Column, string>][]

const UNREADABLE = '500 document-unreadable'
const byDocument = (garbage: string) => ({
  'later values and fields': 'processed',
  'a later failure': 'failed',
  'an unknown status': 'quarantined',
  garbage,
})
const always = (outcome: string) => ({
  'later values and fields': outcome,
  'a later failure': outcome,
  'an unknown status': outcome,
  garbage: outcome,
})

const DOCUMENT_READERS: Table = [
  ['GET /v1/images/{id}', ({ images }) => each(images, get), byDocument(UNREADABLE)],
  [
    'GET /v1/images/{id}, Prefer: wait=25',
    ({ images }) => each(images, (image) => get(image, { prefer: 'wait=25' })),
    byDocument(UNREADABLE),
  ],
  [
    'GET /v1/images?date=',
    (run) => listed(run, { date: dateOf(run.neighbour.imageId) }),
    byDocument('left out'),
  ],
  [
    'GET /v1/images?ids=, Prefer: wait=25',
    (run) =>
      listed(
        run,
        { ids: [...run.images, run.neighbour].map(({ imageId }) => imageId).join() },
        { prefer: 'wait=25' },
      ),
    byDocument('left out'),
  ],
  [
    'DELETE /v1/images/{id}',
    ({ images }) =>
      each(images, async (image) => {
        const { body } = await send(eraseImage, { method: 'DELETE', app: image.app, id: image.imageId })
        expect(await keysUnder(`input/${image.app}/${dateOf(image.imageId)}/${image.imageId}`)).toEqual([])
        expect(await keysUnder(`processed/${image.app}/${dateOf(image.imageId)}/${image.imageId}`)).toEqual(
          [],
        )
        expect(await get(image)).toBe('erased')
        return body.status
      }),
    always('erased'),
  ],
  [
    'the processor, with a repeated message',
    async ({ images }) => {
      const outcomes = await consumed(images.map((image) => JSON.stringify(messageOf(image))))
      const untouched = await each(images, isUntouched)
      return outcomes.map((outcome, n) => (untouched[n] ? `${outcome}, untouched` : `${outcome}, developed`))
    },
    { ...always('settled, untouched'), 'a later failure': 'settled, developed' },
  ],
  [
    'the processor, with a message to develop again',
    async ({ images }) => {
      const option = { redevelop: { preset: 'default' } }
      const outcomes = await consumed(images.map((image) => JSON.stringify(messageOf(image, option))))
      const untouched = await each(images, isUntouched)
      return outcomes.map((outcome, n) => (untouched[n] ? `${outcome}, untouched` : `${outcome}, developed`))
    },
    {
      'later values and fields': 'settled, developed',
      'a later failure': 'settled, developed',
      'an unknown status': 'settled, untouched',
      garbage: 'settled, untouched',
    },
  ],
  [
    'the consumer of dead letters',
    async ({ images, neighbour }) => {
      const bodies = [...images, neighbour].map((image) => JSON.stringify(messageOf(image)))
      const { batchItemFailures } = await settleDeadLetters(eventOf(...bodies))
      const failures = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
      const parked = await waitingMessages()
      expect(parked).not.toContain(bodies.at(-1))
      expect(failures).not.toContain(String(images.length))
      return images.map((_, n) => {
        if (failures.includes(String(n))) return 'received again'
        return parked.includes(bodies[n] ?? '') ? 'parked' : 'dropped'
      })
    },
    { ...always('dropped'), 'a later failure': 'parked', garbage: 'parked' },
  ],
  [
    'the watch queue',
    async ({ images }) => {
      for (const image of images) await watchImages(watchEvent(store.bucket, inputKey(image)))
      const sent = (await waitingMessages()).map((body) => JSON.parse(body).subject)
      return images.map(({ imageId }) => (sent.includes(imageId) ? 'enqueued' : 'left alone'))
    },
    always('left alone'),
  ],
  [
    'deduplication: the same bytes again',
    ({ images }) =>
      each(images, async ({ app, imageId, document }) => {
        const image = { app: 'thrifty', imageId }
        await putOriginal(image)
        await store.put(metadataKey(image), Buffer.from(document.replaceAll(app, 'thrifty')))
        await store.put(hashKey({ ...image, sha256: SHA256 }), imageId)
        return uploaded(image)
      }),
    { ...always('a new image'), 'later values and fields': 'a duplicate' },
  ],
  [
    'pnpm darkroom backfill',
    async ({ app, images, neighbour }) => {
      const printed = await run('backfill', '--app', app, '--preset', 'modern', '--rate', '100')
      const sent = (await waitingMessages()).map((body) => JSON.parse(body).subject)
      expect(sent).toContain(neighbour.imageId)
      return images.map(({ imageId }) => {
        if (sent.includes(imageId)) return 'sent'
        return printed.includes(metadataKey({ app, imageId })) ? 'left out by its key' : 'left out'
      })
    },
    {
      'later values and fields': 'sent',
      'a later failure': 'left out',
      'an unknown status': 'left out',
      garbage: 'left out by its key',
    },
  ],
  [
    'pnpm darkroom hold',
    ({ app, images }) =>
      each(images, async (image) => {
        const printed = await run('hold', image.imageId, '--app', app, '--reason', 'a case')
        const { status } = await send(eraseImage, { method: 'DELETE', app, id: image.imageId })
        expect([status, await keysUnder(heldPrefix(image) + metadataKey(image))]).toEqual([
          409,
          [heldPrefix(image) + metadataKey(image)],
        ])
        return printed.includes('is under a legal hold') ? 'held' : printed
      }),
    always('held'),
  ],
]

async function uploaded({ app }: ImageRef): Promise<string> {
  const { status, body } = await send(uploadImage, {
    method: 'POST',
    app,
    headers: { 'content-type': 'image/png' },
    body: png,
  })
  expect(status).toBe(202)
  await waitingMessages()
  return body.duplicate ? 'a duplicate' : 'a new image'
}

describe.each(DOCUMENT_READERS)('documents: %s', (_reader, read, outcomes) => {
  test.each(Object.entries(DOCUMENTS))('%s', async (column, writes) => {
    const expected = outcomes[column as Column]
    expect(await read(await startRun(writes))).toEqual(writes.map(() => expected))
  })
})

/** One catalogue for all columns: it takes longer to open than to query. */
describe('documents: the catalogue and the dashboard', () => {
  const outcomes = byDocument('left out by its key')
  const started = new Map<string, Run>()
  let catalogue: Awaited<ReturnType<typeof openCatalogue>>
  let hours: Awaited<ReturnType<typeof collectFigures>>['figures']['views']['images_by_hour']
  beforeAll(async () => {
    for (const [column, writes] of Object.entries(DOCUMENTS)) started.set(column, await startRun(writes))
    await collectStored({ s3, name: Bucket })
    catalogue = await openCatalogue(s3, Bucket)
    hours = (await collectFigures(catalogue, { days: 2 })).figures.views.images_by_hour
  })
  afterAll(() => catalogue?.close())

  test.each(Object.entries(DOCUMENTS))('%s', async (column, writes) => {
    const { app, images, neighbour } = started.get(column) as Run
    const { rows } = await catalogue.query(`SELECT image_id, status FROM images_now WHERE app = '${app}'`)
    const statuses = new Map(rows.map(([id, status]) => [id, String(status)]))
    expect(statuses.get(neighbour.imageId)).toBe('processed')
    const ours = hours.rows.filter((row) => row[hours.columns.indexOf('app')] === app)
    const counted = ours.reduce((sum, row) => sum + Number(row[hours.columns.indexOf('images')]), 0)
    expect(counted).toBe(statuses.size)
    const read = images.map((image) => {
      const isUnreadable = catalogue.unreadable.has(metadataKey(image))
      return statuses.get(image.imageId) ?? (isUnreadable ? 'left out by its key' : 'lost')
    })
    expect(read).toEqual(writes.map(() => outcomes[column as Column]))
  })
})

test('waiting for an image ends when it has a document, even an unreadable one', async () => {
  const waiting = { app: 'waiting', imageId: newImageId() }
  const other = { app: 'waiting', imageId: newImageId() }
  for (const image of [waiting, other]) await putOriginal(image)
  const answers = [
    get(waiting, { prefer: 'wait=25' }),
    send(listImages, { app: 'waiting', query: { ids: waiting.imageId }, headers: { prefer: 'wait=25' } }),
  ] as const
  const both = send(listImages, {
    app: 'waiting',
    query: { ids: `${waiting.imageId},${other.imageId}` },
    headers: { prefer: 'wait=25' },
  })
  await store.put(metadataKey(waiting), 'no JSON')
  expect(await answers[0]).toBe(UNREADABLE)
  expect((await answers[1]).body.items).toEqual([])
  await store.putDocument(processedDocument(other))
  expect((await both).body.items).toMatchObject([{ id: other.imageId, status: 'processed' }])
}, 20_000)

test.each(['no id', '', '../other'])('a hash entry with "%s" leads to a new image', async (pointer) => {
  await store.put(hashKey({ app: 'thrifty', sha256: SHA256 }), Buffer.from(pointer))
  expect(await uploaded({ app: 'thrifty', imageId: '' })).toBe('a new image')
})

const LATER_MESSAGE = {
  contentType: 'image/jxl',
  origin: { kind: 'sftp', host: 'example.com' },
  attributes: { 'A key': 'x'.repeat(300) },
  priority: 1,
}
const MESSAGES: Record<'later values and fields' | 'garbage', Write[]> = {
  'later values and fields': [
    (image) => JSON.stringify({ ...messageOf(image, LATER_MESSAGE), specversion: '1.1', tenant: 'x' }),
    (image) => JSON.stringify(messageOf(image, { origin: { kind: 'kafka', cluster: 'b' } })),
  ],
  garbage: [
    () => 'no JSON',
    () => '[]',
    () => 'null',
    () => '{}',
    (image) => JSON.stringify(messageOf(image)).slice(0, -9),
    (image) => JSON.stringify({ ...messageOf(image), type: 'image.accepted.v2' }),
    (image) => JSON.stringify(messageOf(image, { bytes: '7' })),
    (image) => JSON.stringify(messageOf(image, { acceptedAt: 'yesterday' })),
    (image) => JSON.stringify(messageOf(image, { app: '../other' })),
  ],
}

describe('messages', () => {
  const originals = (writes: Write[]) =>
    Promise.all(
      writes.map(async (write) => {
        const image = { app: `messages-${++runs}`, imageId: newImageId() }
        await putOriginal(image)
        return { image, body: write(image) }
      }),
    )

  test('of a later version are processed, and unknown values are kept', async () => {
    const sent = await originals(MESSAGES['later values and fields'])
    expect(await consumed(sent.map(({ body }) => body))).toEqual(['settled', 'settled'])
    const documents = await Promise.all(sent.map(async ({ image }) => JSON.parse(await storedText(image))))
    expect(documents).toMatchObject([
      { ...{ status: 'processed', origin: 'sftp', content_type: 'image/jxl' } },
      { ...{ status: 'processed', origin: 'kafka' } },
    ])
    expect(await Promise.all(sent.map(({ image }) => get(image)))).toEqual(['processed', 'processed'])
  })

  test('of a later version become failed documents as dead letters', async () => {
    const sent = await originals(MESSAGES['later values and fields'])
    // The first dead letter of an image goes back to the image queue.
    const bodies = sent.map(({ body }) => JSON.stringify({ ...JSON.parse(body), deadletters: 1 }))
    await settleDeadLetters(eventOf(...bodies))
    expect(await Promise.all(sent.map(({ image }) => get(image)))).toEqual(['failed', 'failed'])
    expect((await waitingMessages()).toSorted()).toEqual(bodies.toSorted())
  })

  test('that are garbage are retried, and then parked', async () => {
    const bodies = (await originals(MESSAGES.garbage)).map(({ body }) => body)
    expect(await consumed(bodies)).toEqual(bodies.map(() => 'again later'))
    expect(await settleDeadLetters(eventOf(...bodies))).toEqual({ batchItemFailures: [] })
    expect((await waitingMessages()).toSorted()).toEqual(bodies.toSorted())
  })
})

describe('the metadata of an original', () => {
  const METADATA: [string, Record<string, string | undefined>, Record<string, string>][] = [
    ['of a later version', { origin: 'sftp:example.com', tenant: 'x' }, {}],
    ['of another content type', {}, { ContentType: 'image/jxl' }],
    ['without an origin and attributes', { origin: undefined, attributes: undefined }, {}],
    ['with attributes that are garbage', { attributes: 'AAAA' }, {}],
  ]
  const NO_HASH = { sha256: undefined, app: undefined, 'accepted-at': 'later', origin: undefined }

  async function statuses(image: ImageRef) {
    const { body } = await send(listImages, { app: image.app, query: { date: dateOf(image.imageId) } })
    return [await get(image), ...body.items.map(({ status }: { status: string }) => status)]
  }
  const watched = async (image: ImageRef) => {
    await waitingMessages()
    await watchImages(watchEvent(store.bucket, inputKey(image)))
    return (await waitingMessages()).filter((body) => JSON.parse(body).subject === image.imageId)
  }

  test.each(METADATA)('%s: queued, listed, watched and processed', async (_what, change, more) => {
    const image = { app: `metadata-${++runs}`, imageId: newImageId() }
    await putOriginal(image, change, more)
    expect(await statuses(image)).toEqual(['queued', 'queued'])
    expect(await consumed(await watched(image))).toEqual(['settled'])
    expect(await get(image)).toBe('processed')
  })

  test('without a hash: queued and listed; the watch queue leaves it out, and it can be erased', async () => {
    const image = { app: `metadata-${++runs}`, imageId: newImageId() }
    await putOriginal(image, NO_HASH)
    expect(await statuses(image)).toEqual(['queued', 'queued'])
    expect(await watched(image)).toEqual([])
    expect((await send(eraseImage, { method: 'DELETE', app: image.app, id: image.imageId })).status).toBe(200)
  })
})
