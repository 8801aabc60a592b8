import { type ImageRef, inputKey, metadataKey } from '@darkroom/core'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { SQSEvent } from 'aws-lambda'
import { acceptedMessage, type Resources, startResources, wholeMinute } from '../../test/start-resources.ts'
import { fourCorners } from '../testing/test-images.ts'

let resources: Resources
let settle: (event: SQSEvent) => Promise<unknown>
let processImages: (event: SQSEvent) => Promise<unknown>
beforeAll(async () => {
  resources = await startResources()
  settle = (await import('./settle-dead-letters.ts')).handler
  const { handler } = await import('./process-images-with-sharp.ts')
  processImages = (event) => handler(event, wholeMinute)
})
afterAll(() => resources.stop())

const ALL_DONE = { batchItemFailures: [] }

/** A message that was a dead letter before. */
async function storeOriginal() {
  const bytes = await fourCorners(400, 300).jpeg().toBuffer()
  const message = { ...acceptedMessage(bytes), deadletters: 1 }
  await resources.put(inputKey(message.data), bytes, { sha256: message.data.sha256 })
  return message
}

async function giveUp(...bodies: (object | string)[]) {
  for (const body of bodies) await resources.send(resources.deadLetterQueueUrl, body)
  return settle(await resources.receiveEvent(resources.deadLetterQueueUrl, bodies.length))
}

const parked = () => resources.bodies(resources.parkedQueueUrl)

async function process(body: object | string) {
  await resources.send(resources.queueUrl, body)
  return processImages(await resources.receiveEvent(resources.queueUrl))
}

test('an image that was tried too often fails, and its message is parked unchanged', async () => {
  const message = await storeOriginal()
  expect(await giveUp(message)).toEqual(ALL_DONE)
  const document = await resources.document(message.data)
  expect(document).toMatchObject({
    status: 'failed',
    failure_type: 'retries-exhausted',
    failure_detail: expect.stringMatching(/operator can retry it/),
    sha256: message.data.sha256,
  })
  expect(document).not.toHaveProperty('engine')
  expect(await parked()).toEqual([JSON.stringify(message)])
})

async function sentBack() {
  expect(await parked()).toEqual([])
  const [body = ''] = await resources.bodies(resources.queueUrl)
  return body
}

test('a first dead letter goes back to the image queue, because its receives may have met an outage', async () => {
  const { deadletters: _, ...message } = await storeOriginal()
  expect(await giveUp(message)).toEqual(ALL_DONE)
  const body = await sentBack()
  expect(JSON.parse(body)).toEqual({
    ...message,
    receives: 1,
    deadletters: 1,
    waitingsince: expect.any(String),
  })
  await expect(resources.document(message.data)).rejects.toMatchObject({ name: 'NoSuchKey' })
  expect(await process(body)).toEqual(ALL_DONE)
  expect((await resources.document(message.data)).status).toBe('processed')
})

test('so does a later one, if it could not be settled at once', async () => {
  const message = await storeOriginal()
  await resources.send(resources.deadLetterQueueUrl, message)
  const { Records } = await resources.receiveEvent(resources.deadLetterQueueUrl)
  const again = Records.map((record) => ({
    ...record,
    attributes: { ...record.attributes, ApproximateReceiveCount: '2' },
  }))
  expect(await settle({ Records: again })).toEqual(ALL_DONE)
  expect(await resources.delayed(resources.queueUrl)).toBe(1)
  expect(await parked()).toEqual([])
})

test('none goes back for longer than the queue keeps messages', async () => {
  const { deadletters: _, ...message } = await storeOriginal()
  await giveUp({ ...message, waitingsince: new Date(Date.now() - 5 * 24 * 3_600_000).toISOString() })
  expect((await resources.document(message.data)).status).toBe('failed')
  expect(await parked()).toHaveLength(1)
})

test('a parked message can be sent back and its image processed', async () => {
  const message = await storeOriginal()
  await giveUp(message)
  const [body = ''] = await parked()
  expect(await process(body)).toEqual(ALL_DONE)
  expect((await resources.document(message.data)).status).toBe('processed')
})

test('an image that was processed meanwhile stays processed, and its message is dropped', async () => {
  const message = await storeOriginal()
  await process(message)
  const processed = await resources.document(message.data)
  expect(await giveUp(message)).toEqual(ALL_DONE)
  expect(await resources.document(message.data)).toEqual(processed)
  expect(await parked()).toEqual([])
})

/** As if the preset had another version when the image was developed. */
async function ofAnotherVersion(image: ImageRef) {
  const document = { ...(await resources.document(image)), preset_version: 99 }
  await resources.put(metadataKey(image), JSON.stringify(document))
  return document
}

test('an image that was to be developed again stays processed, and its message is parked', async () => {
  const message = await storeOriginal()
  await process(message)
  const processed = await ofAnotherVersion(message.data)
  const again = { ...message, data: { ...message.data, redevelop: { preset: 'default' } } }
  const { logger } = await import('../logger.ts')
  const error = jest.spyOn(logger, 'error')
  expect(await giveUp(again)).toEqual(ALL_DONE)
  expect(error.mock.calls).toMatchObject([
    [
      'image not developed again',
      { imageId: message.subject, preset: 'default', failure: 'retries-exhausted' },
    ],
  ])
  error.mockRestore()
  expect(await resources.document(message.data)).toEqual(processed)
  expect(await parked()).toEqual([JSON.stringify(again)])
})

test('the first dead letter of a development goes back to the image queue', async () => {
  const { deadletters: _, ...message } = await storeOriginal()
  await process(message)
  await ofAnotherVersion(message.data)
  await giveUp({ ...message, data: { ...message.data, redevelop: { preset: 'default' } } })
  expect(JSON.parse(await sentBack())).toMatchObject({ subject: message.subject, deadletters: 1 })
})

test('an image that was developed again after its message was sent is done', async () => {
  const message = await storeOriginal()
  const again = { ...message, data: { ...message.data, redevelop: { preset: 'default' } } }
  await resources.send(resources.deadLetterQueueUrl, again)
  await process(message)
  expect(await settle(await resources.receiveEvent(resources.deadLetterQueueUrl))).toEqual(ALL_DONE)
  expect(await parked()).toEqual([])
})

test('an image that failed for a reason keeps it', async () => {
  const message = acceptedMessage(Buffer.from('Dear diary'))
  await resources.put(inputKey(message.data), 'Dear diary')
  await process(message)
  const document = await resources.document(message.data)
  expect(document).toMatchObject({ failure_type: 'unsupported-media-type' })
  expect(await giveUp(message)).toEqual(ALL_DONE)
  expect(await resources.document(message.data)).toEqual(document)
})

test('sizes and hashes come from the stored original, not from the message', async () => {
  const message = await storeOriginal()
  const { bytes, sha256 } = message.data
  await giveUp({ ...message, data: { ...message.data, bytes: 1, sha256: '00'.repeat(32) } })
  expect(await resources.document(message.data)).toMatchObject({ status: 'failed', bytes, sha256 })
  await parked()
})

test("refused: a message that names another app's original is parked, and neither image fails", async () => {
  const theirs = await storeOriginal()
  const mine = acceptedMessage(Buffer.from('mine'), { app: 'web-app-2', s3Uri: theirs.data.s3Uri })
  expect(await giveUp(mine)).toEqual(ALL_DONE)
  expect(await parked()).toEqual([JSON.stringify(mine)])
  for (const { data } of [mine, theirs]) {
    await expect(resources.document(data)).rejects.toMatchObject({ name: 'NoSuchKey' })
  }
})

test('a message that cannot be read is parked, and the others are not affected', async () => {
  const message = await storeOriginal()
  expect(await giveUp('no JSON', message, '{"specversion":"0.3"}')).toEqual(ALL_DONE)
  expect((await parked()).toSorted()).toEqual(
    ['no JSON', JSON.stringify(message), '{"specversion":"0.3"}'].toSorted(),
  )
  expect((await resources.document(message.data)).status).toBe('failed')
})
