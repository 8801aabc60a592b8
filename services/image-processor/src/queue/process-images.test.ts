import { newReceipt } from '@darkroom/bucket'
import {
  hashKey,
  type ImageAccepted,
  type ImageRef,
  inputKey,
  MetadataDocument,
  metadataKey,
  newImageId,
  ProblemError,
  parseProcessedKey,
  processedKey,
  processedPrefix,
  readS3Event,
} from '@darkroom/core'
import { photograph } from '@darkroom/testing/photographs'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { SQSEvent } from 'aws-lambda'
import sharp from 'sharp'
import { acceptedMessage, type Resources, startResources, wholeMinute } from '../../test/start-resources.ts'
import { fourCorners, pngThatClaims } from '../testing/test-images.ts'

let resources: Resources
let processImages: (event: SQSEvent) => Promise<unknown>
let processImagesWith: typeof import('./process-images.ts').processImages
let developHere: typeof import('../development/develop.ts').developHere
beforeAll(async () => {
  resources = await startResources()
  const { sharpEngine } = await import('../engines/sharp-engine.ts')
  processImagesWith = (await import('./process-images.ts')).processImages
  developHere = (await import('../development/develop.ts')).developHere
  const handler = processImagesWith(developHere(sharpEngine))
  processImages = (event) => handler(event, wholeMinute)
})
afterAll(() => resources.stop())
beforeEach(async () => {
  resources.clearWrites()
  await resources.bodies(resources.watchQueueUrl)
})

const ALL_DONE = { batchItemFailures: [] }

/** Stores an original and sends its message, as the upload API and the Kafka bridge do. */
async function submit(bytes: Uint8Array, more: Partial<ImageAccepted['data']> = {}) {
  const message = acceptedMessage(bytes, more)
  await resources.put(inputKey(message.data), bytes)
  await resources.send(resources.queueUrl, message)
  return message.data
}

const receive = (count?: number) => resources.receiveEvent(resources.queueUrl, count)

describe('a photograph', () => {
  test('is developed into the variants of its preset', async () => {
    const image = await submit(await photograph('iphone-6-plus'))
    expect(await processImages(await receive())).toEqual(ALL_DONE)
    const keys = await resources.list(processedPrefix(image))
    expect(keys.map((key) => parseProcessedKey(key))).toMatchObject(
      ['large', 'medium', 'thumb'].map((variant) => ({ app: image.app, imageId: image.imageId, variant })),
    )
    for (const [index, [contentType, format, size]] of [
      ['image/jpeg', 'jpeg', 2048],
      ['image/jpeg', 'jpeg', 1024],
      ['image/webp', 'webp', 320],
    ].entries()) {
      const stored = await resources.get(keys[index] ?? '')
      expect(stored).toMatchObject({
        ContentType: contentType,
        CacheControl: 'private, max-age=86400, immutable',
        ContentDisposition: `inline; filename="${keys[index]
          ?.split('/')
          .at(-1)
          ?.replace(/^(\w+)_.*(\.\w+)$/, `${image.imageId}-$1$2`)}"`,
      })
      const picture = await sharp(await stored.Body?.transformToByteArray()).metadata()
      expect(picture).toMatchObject({ format, width: size, height: size })
      expect(picture.exif).toBeUndefined()
    }
  })

  test('is logged with its trace', async () => {
    const { logger } = await import('../logger.ts')
    const info = jest.spyOn(logger, 'info')
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const bytes = await fourCorners(40, 30).jpeg().toBuffer()
    const message = { ...acceptedMessage(bytes), traceparent: `00-${traceId}-b7ad6b7169203331-01` }
    await resources.put(inputKey(message.data), bytes)
    await resources.send(resources.queueUrl, message)
    expect(await processImages(await receive())).toEqual(ALL_DONE)
    const { app, imageId } = message.data
    expect(info.mock.lastCall).toMatchObject(['image processed', { app, imageId, traceId }])
  })

  test('has a document of one line', async () => {
    const bytes = await photograph('iphone-6-plus')
    const before = new Date().toISOString()
    const image = await submit(bytes, {
      origin: { kind: 'kafka', topic: 'images.web-app-1', partition: 2, offset: 15 },
      filename: 'IMG_0001.JPG',
      attributes: { album: 'summer' },
    })
    await processImages(await receive())
    const stored = await resources.get(metadataKey(image))
    expect(stored.ContentType).toBe('application/json')
    const text = String(await stored.Body?.transformToString())
    expect(text.match(/\n/g)).toHaveLength(1)
    expect(text.endsWith('\n')).toBe(true)
    const document = MetadataDocument.parse(JSON.parse(text))
    expect(document).toMatchObject({
      schema_version: 1,
      image_id: image.imageId,
      app: 'web-app-1',
      status: 'processed',
      accepted_at: image.acceptedAt,
      origin: 'kafka',
      kafka_topic: 'images.web-app-1',
      kafka_partition: 2,
      kafka_offset: 15,
      filename: 'IMG_0001.JPG',
      attributes: { album: 'summer' },
      content_type: 'image/jpeg',
      bytes: bytes.length,
      sha256: image.sha256,
      width: 2448,
      height: 2448,
      camera_make: 'Apple',
      orientation: 6,
      preset: 'default',
      preset_version: 1,
      receive_count: 1,
      engine: 'sharp',
    })
    if (document.status !== 'processed') throw new Error('unreachable')
    expect(document.finished_at >= before).toBe(true)
    expect(document.queued_ms + document.processing_ms).toBeGreaterThanOrEqual(
      Date.parse(document.finished_at) - Date.parse(image.acceptedAt) - 1,
    )
    const sizes = await Promise.all(
      document.variants.map(async ({ key }) => (await resources.get(key)).ContentLength),
    )
    expect(document.variants.map(({ name }) => name)).toEqual(['thumb', 'medium', 'large'])
    expect(document.variants.map(({ bytes }) => bytes)).toEqual(sizes)
    expect(document.variants_bytes).toBe(sizes.reduce((sum = 0, size = 0) => sum + size, 0))
  })

  test('is written with the variants before the document', async () => {
    const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
    resources.clearWrites()
    await processImages(await receive())
    const written = resources.writtenKeys()
    expect(written).toHaveLength(4)
    expect(written.at(-1)).toBe(metadataKey(image))
  })
})

describe('an image that was erased', () => {
  /** Writes the document that the API writes. */
  const eraseDocument = (image: ImageRef) =>
    resources.put(metadataKey(image), JSON.stringify(newReceipt(image, 'c0ffee123456', 1)))

  const expectErased = async (image: ImageAccepted['data']) => {
    expect((await resources.document(image)).status).toBe('erased')
    expect(await resources.list(processedPrefix(image))).toEqual([])
    expect(await resources.list(inputKey(image))).toEqual([])
    expect(await resources.list(hashKey(image))).toEqual([])
  }

  test('before processing is not developed, and its original is deleted', async () => {
    const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
    await resources.put(hashKey(image), image.imageId)
    await eraseDocument(image)
    expect(await processImages(await receive())).toEqual(ALL_DONE)
    await expectErased(image)
  })

  test('during processing leaves no variants', async () => {
    const { sharpEngine } = await import('../engines/sharp-engine.ts')
    const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
    const event = await receive()
    // The receipt arrives after the processor has read the document.
    const develop: typeof sharpEngine.develop = async (...args) => {
      await eraseDocument(image)
      return sharpEngine.develop(...args)
    }
    expect(await processImagesWith(developHere({ ...sharpEngine, develop }))(event, wholeMinute)).toEqual(
      ALL_DONE,
    )
    await expectErased(image)
  })

  test('while it was refused leaves nothing', async () => {
    const image = await submit(Buffer.from('Dear diary'))
    await eraseDocument(image)
    expect(await processImages(await receive())).toEqual(ALL_DONE)
    await expectErased(image)
  })
})

describe('a message that lies', () => {
  const bytes = fourCorners(400, 300).jpeg().toBuffer()

  async function expectRefused(message: ImageAccepted) {
    resources.clearWrites()
    const { MessageId } = await resources.send(resources.queueUrl, message)
    const event = await receive()
    const refused = { batchItemFailures: [{ itemIdentifier: MessageId }] }
    expect(await processImages(event)).toEqual(refused)
    expect(resources.writtenKeys()).toEqual([])
    await resources.discard(resources.queueUrl, event)
  }

  test.each<[string, (theirs: ImageAccepted['data']) => Partial<ImageAccepted['data']>]>([
    ["another app's original", ({ s3Uri }) => ({ app: 'web-app-2', s3Uri })],
    ['the original of another image of its app', ({ s3Uri }) => ({ s3Uri })],
    [
      'an original in another bucket',
      ({ imageId, s3Uri }) => ({ imageId, s3Uri: s3Uri.replace('darkroom-test', 'darkroom-other') }),
    ],
  ])('refused: it names %s, and nothing is written', async (_, lie) => {
    const theirs = acceptedMessage(await bytes).data
    await resources.put(inputKey(theirs), await bytes)
    await expectRefused(acceptedMessage(await bytes, lie(theirs)))
  })

  test('refused: its subject is another image', async () => {
    const message = acceptedMessage(await bytes)
    await resources.put(inputKey(message.data), await bytes)
    await expectRefused({ ...message, subject: newImageId() })
  })

  test.each([
    ['processed', 99_999],
    ['failed', 900],
  ])(
    'about its bytes is not believed: the document of a %s image describes the object',
    async (status, end) => {
      const stored = (await bytes).subarray(0, end)
      const image = await submit(stored, { bytes: 1, sha256: '00'.repeat(32) })
      await processImages(await receive())
      const { sha256 } = acceptedMessage(stored).data
      expect(await resources.document(image)).toMatchObject({ status, bytes: stored.length, sha256 })
    },
  )
})

test('refused: a document that lists an original as its variant does not get it deleted', async () => {
  const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
  await processImages(await receive())
  const document = await resources.document(image)
  if (document.status !== 'processed') throw new Error('unreachable')
  const theirs = inputKey({ app: 'web-app-2', imageId: newImageId() })
  await resources.put(theirs, 'the original of another app')
  const [thumb] = document.variants
  const variants = [...document.variants, { ...thumb, name: 'old', key: theirs }]
  await resources.put(metadataKey(image), JSON.stringify({ ...document, preset_version: 99, variants }))
  await resources.send(
    resources.queueUrl,
    acceptedMessage(Buffer.from('x'), { ...image, redevelop: { preset: 'default' } }),
  )
  expect(await processImages(await receive())).toEqual(ALL_DONE)
  expect(await resources.document(image)).toMatchObject({ status: 'processed', preset_version: 1 })
  expect(await resources.list(theirs)).toEqual([theirs])
})

/** The documents whose variants the watch queue's function is to look at. */
async function looks(): Promise<string[]> {
  const bodies = await resources.bodies(resources.watchQueueUrl)
  return bodies.flatMap((body) => readS3Event(body, 'darkroom-test').objects ?? []).map(({ key }) => key)
}

test.each<[string, () => Promise<ImageAccepted['data']>, number]>([
  [
    'was processed at once, by the daily reconcile',
    async () => submit(await fourCorners(40, 30).png().toBuffer()),
    0,
  ],
  [
    'of another day, minutes later',
    async () =>
      submit(await fourCorners(40, 30).png().toBuffer(), {
        imageId: newImageId(new Date(Date.now() - 86_400_000)),
      }),
    1,
  ],
  ['failed, minutes later', () => submit(Buffer.from('Dear diary')), 1],
])('what crashed attempts at an image leave is looked for: one that %s', async (_, send, count) => {
  const image = await send()
  expect(await processImages(await receive())).toEqual(ALL_DONE)
  expect(await looks()).toEqual(Array.from({ length: count }, () => metadataKey(image)))
})

describe('a message that is received again', () => {
  const keysOf = (document: MetadataDocument) =>
    document.status === 'processed' ? document.variants.map(({ key }) => key).toSorted() : []

  test('changes nothing if the document exists', async () => {
    const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
    const event = await receive()
    await processImages(event)
    const first = await resources.document(image)
    resources.clearWrites()
    const again = await resources.redeliver(resources.queueUrl, event)
    expect(again.Records[0]?.attributes.ApproximateReceiveCount).toBe('2')
    expect(await processImages(again)).toEqual(ALL_DONE)
    expect(resources.writtenKeys()).toEqual([])
    expect(await resources.document(image)).toEqual(first)
  })

  test('needs no original if the document exists', async () => {
    const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
    const event = await receive()
    await processImages(event)
    await resources.remove(inputKey(image))
    expect(await processImages(await resources.redeliver(resources.queueUrl, event))).toEqual(ALL_DONE)
    expect((await resources.document(image)).status).toBe('processed')
  })

  test('after a crash between variants and document writes other keys and deletes the first ones', async () => {
    const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
    const event = await receive()
    await processImages(event)
    const left = await resources.list(processedPrefix(image))
    await resources.remove(metadataKey(image))
    expect(await processImages(await resources.redeliver(resources.queueUrl, event))).toEqual(ALL_DONE)
    const document = await resources.document(image)
    expect(document).toMatchObject({ status: 'processed', receive_count: 2 })
    const listed = keysOf(document)
    expect(await resources.list(processedPrefix(image))).toEqual(listed)
    expect(left.filter((key) => listed.includes(key))).toEqual([])
  })

  test('deletes variants of another preset once nobody can commit them any more', async () => {
    const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
    const event = await receive()
    await processImages(event)
    const listed = keysOf(await resources.document(image))
    const development = '0a1b2c3d-other-v1'
    const other = processedKey({ ...image, variant: 'thumb', extension: 'webp', development })
    await resources.put(other, 'an attempt that may still be running')
    const again = await resources.redeliver(resources.queueUrl, event)
    expect(await processImages(again)).toEqual(ALL_DONE)
    expect(await resources.list(processedPrefix(image))).toEqual([...listed, other].toSorted())
    expect(await looks()).toEqual([metadataKey(image)])

    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 130_000)
    expect(await processImages(again)).toEqual(ALL_DONE)
    now.mockRestore()
    expect(await resources.list(processedPrefix(image))).toEqual(listed)
    expect(await looks()).toEqual([metadataKey(image)])
  })

  test('while another one is processed deletes its own variants only', async () => {
    const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
    const event = await receive()
    const { sharpEngine } = await import('../engines/sharp-engine.ts')
    // The first delivery finishes after the second has read that there is no document.
    const develop: typeof sharpEngine.develop = async (...args) => {
      await processImages(event)
      return sharpEngine.develop(...args)
    }
    const second = processImagesWith(developHere({ ...sharpEngine, develop }))
    expect(await second(event, wholeMinute)).toEqual(ALL_DONE)
    expect(await resources.list(processedPrefix(image))).toEqual(keysOf(await resources.document(image)))
  })

  test('replaces a failure if it succeeds', async () => {
    const good = await fourCorners(400, 300).jpeg().toBuffer()
    const image = await submit(good)
    await resources.put(inputKey(image), good.subarray(0, 200))
    const event = await receive()
    await processImages(event)
    expect((await resources.document(image)).status).toBe('failed')
    await resources.put(inputKey(image), good)
    await processImages(await resources.redeliver(resources.queueUrl, event))
    expect((await resources.document(image)).status).toBe('processed')
  })
})

describe('a bad image fails permanently, with a text for its owner', () => {
  const valid = () => fourCorners(400, 300).jpeg().toBuffer()

  /** The structure is valid, but the image data cannot be decoded. */
  async function scrambled() {
    const png = await fourCorners(60, 40).png().toBuffer()
    const start = png.indexOf('IDAT') + 4
    return png.fill(0x5a, start, png.length - 20)
  }

  test.each([
    ['truncated', async () => (await valid()).subarray(0, 900), 'corrupt-image', /is truncated/],
    ['undecodable', scrambled, 'corrupt-image', /\w+ \w+ \w+/],
    ['too large', () => pngThatClaims(20_000, 20_000), 'image-too-large', /20000 × 20000 pixels/],
    ['text', async () => Buffer.from('Dear diary'), 'unsupported-media-type', /isn't an image/],
    ['an SVG', async () => Buffer.from('<svg xmlns="…"/>'), 'unsupported-media-type', /SVG/],
  ])('%s', async (_, bytes, slug, words) => {
    const image = await submit(await bytes())
    expect(await processImages(await receive())).toEqual(ALL_DONE)
    expect(await resources.document(image)).toMatchObject({
      status: 'failed',
      image_id: image.imageId,
      failure_type: slug,
      failure_detail: expect.stringMatching(words),
    })
    expect(await resources.list(processedPrefix(image))).toEqual([])
  })

  test('deleted before it was processed', async () => {
    const image = await submit(await valid())
    await resources.remove(inputKey(image))
    expect(await processImages(await receive())).toEqual(ALL_DONE)
    expect(await resources.document(image)).toMatchObject({
      status: 'failed',
      failure_type: 'source-expired',
      failure_detail: expect.stringMatching(/Upload it again/),
    })
  })
})

test('an original past its retention is not used, even if it still exists', async () => {
  const accepted = new Date(Date.now() - 31 * 86_400_000)
  const [imageId, acceptedAt] = [newImageId(accepted), accepted.toISOString()]
  const image = await submit(await fourCorners(400, 300).jpeg().toBuffer(), { imageId, acceptedAt })
  expect(await processImages(await receive())).toEqual(ALL_DONE)
  expect(await resources.document(image)).toMatchObject({
    status: 'failed',
    failure_type: 'source-expired',
    failure_detail: expect.stringMatching(/ended before it was processed/),
  })
  expect(await resources.list(processedPrefix(image))).toEqual([])
})

test.each([
  ['an error on our side', new Error('out of memory')],
  ['a temporary problem', new ProblemError('internal', 'Something went wrong on our side.')],
])('%s does not fail the image: it is retried', async (_, error) => {
  const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
  const event = await receive()
  const develop = () => Promise.reject(error)
  expect(await processImagesWith({ name: 'sharp', develop })(event, wholeMinute)).toEqual({
    batchItemFailures: [{ itemIdentifier: event.Records[0]?.messageId }],
  })
  expect(await resources.list('metadata/')).not.toContain(metadataKey(image))
  expect(await processImages(await resources.redeliver(resources.queueUrl, event))).toEqual(ALL_DONE)
  expect((await resources.document(image)).status).toBe('processed')
})

describe('a batch', () => {
  test('has an independent result for each record', async () => {
    const good = await fourCorners(400, 300).jpeg().toBuffer()
    const first = await submit(good)
    const cut = await submit(good.subarray(0, 900))
    const { MessageId } = await resources.send(resources.queueUrl, 'no JSON')
    const last = await submit(good)
    const response = await processImages(await receive(4))
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: MessageId }] })
    const documents = await Promise.all([first, cut, last].map((image) => resources.document(image)))
    expect(documents.map(({ status }) => status)).toEqual(['processed', 'failed', 'processed'])
  })

  test('with too little time left is received again instead of being interrupted', async () => {
    const image = await submit(await fourCorners(400, 300).jpeg().toBuffer())
    const event = await receive()
    const { sharpEngine } = await import('../engines/sharp-engine.ts')
    const late = { getRemainingTimeInMillis: () => 19_000 }
    expect(await processImagesWith(developHere(sharpEngine))(event, late)).toEqual(ALL_DONE)
    expect(resources.writtenKeys()).not.toContain(metadataKey(image))
    await resources.discard(resources.queueUrl, event)
    const again = await receive()
    // A new message: its receives are counted anew.
    expect(again.Records[0]?.attributes.ApproximateReceiveCount).toBe('1')
    expect(await processImages(again)).toEqual(ALL_DONE)
    expect((await resources.document(image)).status).toBe('processed')
  })

  test('of invalid messages fails record by record and does not throw', async () => {
    const { data, ...noData } = acceptedMessage(Buffer.from('x'))
    const invalid = ['{', 'null', noData, { ...noData, data: { ...data, app: '../other' } }]
    const sent = await Promise.all(invalid.map((body) => resources.send(resources.queueUrl, body)))
    const response = await processImages(await receive(invalid.length))
    const identifiers = sent.map(({ MessageId }) => ({ itemIdentifier: MessageId }))
    expect(response).toEqual({ batchItemFailures: expect.arrayContaining(identifiers) })
    expect(resources.writtenKeys()).toEqual([])
  })
})
