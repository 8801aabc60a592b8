import { inputKey } from '@darkroom/core'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { acceptedMessage, type Resources, startResources, wholeMinute } from '../../test/start-resources.ts'
import { fourCorners } from '../testing/test-images.ts'

let resources: Resources
beforeAll(async () => {
  resources = await startResources()
})
afterAll(() => resources.stop())

test('images that stop the decoder or bring it down do no harm to their neighbours in a batch', async () => {
  const { processImages } = await import('../queue/process-images.ts')
  const { isolate } = await import('./isolate.ts')
  const program = new URL('testing/misbehaving-engine.ts', import.meta.url).href
  const developer = isolate({ name: 'sharp', program, seconds: 10, megabytes: 480 })
  const photograph = await fourCorners(400, 300).jpeg().toBuffer()
  const images = []
  for (const order of ['', '#wait ', '#abort ', '']) {
    const bytes = Buffer.concat([photograph, Buffer.from(order)])
    const message = acceptedMessage(bytes)
    await resources.put(inputKey(message.data), bytes)
    await resources.send(resources.queueUrl, message)
    images.push(message.data)
  }
  const event = await resources.receiveEvent(resources.queueUrl, images.length)
  expect(await processImages(developer)(event, wholeMinute)).toEqual({ batchItemFailures: [] })
  developer.stop()
  const ends = await Promise.all(images.map((image) => resources.document(image)))
  expect(ends.map((end) => [end.status, end.status === 'failed' && end.failure_detail])).toEqual([
    ['processed', false],
    ['failed', expect.stringContaining('within 10 seconds')],
    ['failed', expect.stringContaining('crashes the decoder')],
    ['processed', false],
  ])
}, 90_000)
