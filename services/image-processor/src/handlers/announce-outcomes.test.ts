import {
  ImageErased,
  ImageFailed,
  ImageProcessed,
  type ImageRef,
  inputKey,
  metadataKey,
  newImageId,
  readOutcomeEvent,
  toAsciiJson,
} from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { acceptedMessage, type Resources, startResources, wholeMinute } from '../../test/start-resources.ts'
import type { toBatches } from '../announce/publish-events.ts'
import { fourCorners } from '../testing/test-images.ts'

let resources: Resources
let announce: (event: SQSEvent) => Promise<SQSBatchResponse>
let batchesOf: typeof toBatches
beforeAll(async () => {
  resources = await startResources()
  announce = (await import('./announce-outcomes.ts')).handler
  batchesOf = (await import('../announce/publish-events.ts')).toBatches
})
afterAll(() => resources.stop())
beforeEach(() => resources.clearPublished())

const ALL_DONE = { batchItemFailures: [] }
let sequencer = 0x55aed6dcd90281e5n

/** A message that S3 would send for a key. */
function written(key: string, sequence = (sequencer++).toString(16)): string {
  const object = { key: encodeURIComponent(key).replaceAll('%2F', '/'), sequencer: sequence }
  const s3 = { bucket: { name: 'darkroom-test' }, object }
  return JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3 }] })
}

function eventOf(...bodies: string[]): SQSEvent {
  return { Records: bodies.map((body, n) => ({ messageId: `m${n}`, body })) } as SQSEvent
}

const newImage = (app = 'web-app-1'): ImageRef => ({ app, imageId: newImageId() })

const receiptOf = ({ app, imageId }: ImageRef) => ({
  schema_version: 1,
  image_id: imageId,
  app,
  accepted_at: '2026-11-23T10:00:00.000Z',
  status: 'erased',
  erased_at: '2026-11-24T10:00:00.000Z',
  erased_by: 'abcdefabcdef',
  erased_objects: 3,
})

async function store(document: { app: string; image_id: string } & Record<string, unknown>): Promise<string> {
  const key = metadataKey({ app: document.app, imageId: document.image_id })
  await resources.put(key, `${JSON.stringify(document)}\n`)
  return key
}

const published = () =>
  resources.published().map(({ body, ...rest }) => ({ ...rest, event: JSON.parse(body) }))

test('a processed image is published with its document and the attributes for filters', async () => {
  const bytes = await fourCorners(40, 30).jpeg().toBuffer()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const message = { ...acceptedMessage(bytes, { filename: 'a￿😀.jpg' }), traceparent }
  await resources.put(inputKey(message.data), bytes, { sha256: message.data.sha256 })
  await resources.send(resources.queueUrl, toAsciiJson(message))
  const { handler } = await import('./process-images-with-sharp.ts')
  await handler(await resources.receiveEvent(resources.queueUrl), wholeMinute)

  expect(await announce(eventOf(written(metadataKey(message.data), '0055aed6dcd90281e5')))).toEqual(ALL_DONE)
  const document = await resources.document(message.data)
  const [only, ...others] = published()
  expect(others).toEqual([])
  expect(only?.attributes).toEqual({ type: 'image.processed.v1', app: 'web-app-1', status: 'processed' })
  expect(ImageProcessed.parse(only?.event)).toMatchObject({
    subject: message.data.imageId,
    sequence: '0055AED6DCD90281E500000000000000',
    time: document.status === 'processed' && document.finished_at,
    traceparent,
    data: document,
  })
  expect(document).toMatchObject({ filename: 'a￿😀.jpg' })
})

test('failed and erased images are published by their type', async () => {
  const failed = {
    ...receiptOf(newImage()),
    status: 'failed',
    finished_at: '2026-11-23T10:00:00.000Z',
    origin: 'http',
    attributes: {},
    failure_type: 'corrupt-image',
    failure_detail: 'It ends too early.',
  }
  const erased = receiptOf(newImage('web-app-2'))
  const keys = [await store(failed), await store(erased)]
  expect(await announce(eventOf(...keys.map((key) => written(key))))).toEqual(ALL_DONE)
  const [first, second] = published()
  expect(ImageFailed.parse(first?.event).data?.failure_type).toBe('corrupt-image')
  expect(ImageErased.parse(second?.event).data).toEqual(erased)
  expect(second?.attributes).toEqual({ type: 'image.erased.v1', app: 'web-app-2', status: 'erased' })
})

test('events of one image in a batch become one, with the greatest sequence', async () => {
  const key = await store(receiptOf(newImage()))
  expect(await announce(eventOf(written(key, '5'), written(key, '51'), written(key, '500')))).toEqual(
    ALL_DONE,
  )
  expect(published().map(({ event }) => event.sequence)).toEqual([`51${'0'.repeat(30)}`])
})

test('a document of a later version is published whole, with its status as the type', async () => {
  const later = { ...receiptOf(newImage()), schema_version: 2, status: 'quarantined', because: { of: ['x'] } }
  const key = await store(later)
  expect(await announce(eventOf(written(key)))).toEqual(ALL_DONE)
  const [only] = published()
  expect(only?.event).toMatchObject({ type: 'image.quarantined.v1', data: later })
  expect(readOutcomeEvent(JSON.stringify(only?.event)).event).toMatchObject({ data: later })
})

test('what cannot be announced does not hold up the others, and is not repeated', async () => {
  const other = newImage()
  const damaged = metadataKey(newImage())
  await resources.put(damaged, 'no JSON')
  const exchanged = metadataKey(newImage())
  await resources.put(exchanged, JSON.stringify(receiptOf(other)))
  const odd = await store({ ...receiptOf(newImage()), status: 'Not a status' })
  const good = await store(receiptOf(other))
  const bodies = [
    'no JSON',
    '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"darkroom-test"}',
    ...['metadata/garbage', 'metadata/app=web-app-1/dt=2026-01-01/x.json', metadataKey(newImage())].map(
      (key) => written(key),
    ),
    ...[damaged, exchanged, odd, good].map((key) => written(key)),
  ]
  expect(await announce(eventOf(...bodies))).toEqual(ALL_DONE)
  expect(published().map(({ event }) => event.subject)).toEqual([other.imageId])
})

test("a variant that is not the image's is not published", async () => {
  const image = newImage()
  const bytes = await fourCorners(40, 30).jpeg().toBuffer()
  const message = acceptedMessage(bytes, image)
  await resources.put(inputKey(image), bytes, { sha256: message.data.sha256 })
  await resources.send(resources.queueUrl, message)
  const { handler } = await import('./process-images-with-sharp.ts')
  await handler(await resources.receiveEvent(resources.queueUrl), wholeMinute)
  const document = await resources.document(image)
  if (document.status !== 'processed') throw new Error('not processed')
  const [own] = document.variants
  const foreign = { ...own, key: 'processed/web-app-2/2026-01-01/x/large.jpg' }
  const key = await store({ ...document, variants: [own, foreign] })
  await announce(eventOf(written(key)))
  expect(published()[0]?.event.data.variants).toEqual([own])
})

test('a document that is too large for SNS is published as a reference', async () => {
  const large = { ...receiptOf(newImage()), notes: 'é'.repeat(60_000) }
  const key = await store(large)
  const small = await store(receiptOf(newImage()))
  expect(await announce(eventOf(written(key), written(small)))).toEqual(ALL_DONE)
  const events = published().map(({ event }) => event)
  expect(events).toMatchObject([{ subject: large.image_id, dataref: `s3://darkroom-test/${key}` }, {}])
  expect(ImageErased.parse(events[0]).data).toBeUndefined()
  expect(events[1].data).toBeDefined()
})

test('batches have at most ten events and the size that SNS takes', () => {
  const sizes = [200_000, 62_144, 1, ...Array(25).fill(1_000)]
  const batches = batchesOf(sizes.map((bytes) => ({ bytes })))
  expect(batches.map((batch) => batch.length)).toEqual([2, 10, 10, 6])
  for (const batch of batches) {
    expect(batch.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(262_144)
  }
  expect(batches.flat().map(({ bytes }) => bytes)).toEqual(sizes)
})

/** What upload-api sends, with a field of a later version. */
const refusal = (id: string) => ({
  specversion: '1.0',
  id,
  source: '/darkroom/upload-api',
  type: 'image.refused.v1',
  time: '2026-11-23T10:00:02.000Z',
  datacontenttype: 'application/json',
  data: {
    schema_version: 1,
    app: 'web-app-1',
    origin: 'http',
    refusal_type: 'type-mismatch',
    refusals: 3,
    later: { é: true },
  },
})

test('refusals are published as they are, with the attributes for filters', async () => {
  const key = await store(receiptOf(newImage()))
  const messages = [written(key), ...['a', 'b', 'b'].map((id) => JSON.stringify(refusal(id)))]
  expect(await announce(eventOf(...messages))).toEqual(ALL_DONE)
  const [, first, second, ...others] = published()
  expect(first?.event).toEqual(refusal('a'))
  expect(first?.attributes).toEqual({ type: 'image.refused.v1', app: 'web-app-1', status: 'refused' })
  expect(second?.event.id).toBe('b')
  expect(others).toEqual([])
})

test.each([
  { ...refusal('x'), data: { app: '../other', refusal_type: 'x', refusals: 1 } },
  { ...refusal('x'), time: 'soon' },
])('refusals that cannot be read are not repeated: %j', async (event) => {
  expect(await announce(eventOf(JSON.stringify(event), JSON.stringify(refusal('good'))))).toEqual(ALL_DONE)
  expect(published().map(({ event: { id } }) => id)).toEqual(['good'])
})

test('messages whose document could not be read are repeated', async () => {
  const key = await store(receiptOf(newImage()))
  await resources.stopStorage()
  const batch = eventOf(written('metadata/garbage'), written(key))
  expect(await announce(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] })
  expect(published()).toEqual([])
  await resources.startStorage()
  expect(await announce(batch)).toEqual(ALL_DONE)
  expect(published()).toHaveLength(1)
})

test('messages whose event SNS did not take are repeated', async () => {
  const key = await store(receiptOf(newImage()))
  await resources.deleteTopic()
  const batch = eventOf(written(key), written('metadata/garbage'), JSON.stringify(refusal('r')))
  expect(await announce(batch)).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }],
  })
  await resources.createTopic()
  expect(await announce(batch)).toEqual(ALL_DONE)
  expect(published()).toHaveLength(2)
})
