import { inputKey } from '@darkroom/core'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { acceptedMessage, type Resources, startResources, wholeMinute } from '../../test/start-resources.ts'
import { fourCorners } from '../testing/test-images.ts'

let resources: Resources
beforeAll(async () => {
  resources = await startResources()
})
afterAll(() => resources.stop())

test('an image that brings the decoder down fails at the second receive, and its neighbours are processed', async () => {
  const { processImages } = await import('../queue/process-images.ts')
  const { isolate } = await import('./isolate.ts')
  const program = new URL('testing/misbehaving-engine.ts', import.meta.url).href
  const developer = isolate({ name: 'sharp', program, seconds: 20, megabytes: 480 })
  const photograph = await fourCorners(400, 300).jpeg().toBuffer()
  const images = []
  for (const order of ['', '#abort ', '']) {
    const bytes = Buffer.concat([photograph, Buffer.from(order)])
    const message = acceptedMessage(bytes)
    await resources.put(inputKey(message.data), bytes)
    await resources.send(resources.queueUrl, message)
    images.push(message.data)
  }
  const [before, crashing, behind] = images
  if (!before || !crashing || !behind) throw new Error('three images were sent')
  const batch = await resources.receiveEvent(resources.queueUrl, images.length)
  expect(await processImages(developer)(batch, wholeMinute)).toEqual({ batchItemFailures: [] })
  await resources.discard(resources.queueUrl, batch)
  for (const image of [before, behind])
    expect(await resources.document(image)).toMatchObject({ status: 'processed' })
  await expect(resources.document(crashing)).rejects.toThrow()

  const again = await resources.receiveEvent(resources.queueUrl)
  expect(JSON.parse(again.Records[0]?.body ?? '')).toMatchObject({
    subject: crashing.imageId,
    enginedeaths: 1,
  })
  expect(await processImages(developer)(again, wholeMinute)).toEqual({ batchItemFailures: [] })
  developer.stop()
  expect(await resources.document(crashing)).toMatchObject({
    status: 'failed',
    failure_type: 'corrupt-image',
    failure_detail: expect.stringContaining('crashes the decoder'),
    receive_count: 2,
  })
}, 240_000)
