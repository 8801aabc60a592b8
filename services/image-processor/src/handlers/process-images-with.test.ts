import { inputKey } from '@darkroom/core'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { acceptedMessage, type Resources, startResources, wholeMinute } from '../../test/start-resources.ts'
import { fourCorners } from '../testing/test-images.ts'

let resources: Resources
beforeAll(async () => {
  resources = await startResources()
})
afterAll(() => resources.stop())

test.each(['sharp', 'jimp'])('the handler with %s develops with it', async (engine) => {
  const bytes = await fourCorners(400, 300).jpeg().toBuffer()
  const message = acceptedMessage(bytes)
  await resources.put(inputKey(message.data), bytes)
  await resources.send(resources.queueUrl, message)
  const { handler } = await import(`./process-images-with-${engine}.ts`)
  expect(await handler(await resources.receiveEvent(resources.queueUrl), wholeMinute)).toEqual({
    batchItemFailures: [],
  })
  expect(await resources.document(message.data)).toMatchObject({ status: 'processed', engine })
})
