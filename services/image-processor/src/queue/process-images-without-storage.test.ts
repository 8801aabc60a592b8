import { inputKey } from '@darkroom/core'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { SQSEvent } from 'aws-lambda'
import { acceptedMessage, type Resources, startResources, wholeMinute } from '../../test/start-resources.ts'
import { fourCorners } from '../testing/test-images.ts'

let resources: Resources
let processImages: (event: SQSEvent) => Promise<unknown>
let settleDeadLetters: (event: SQSEvent) => Promise<unknown>
beforeAll(async () => {
  resources = await startResources()
  const { handler } = await import('../handlers/process-images-with-sharp.ts')
  processImages = (event) => handler(event, wholeMinute)
  settleDeadLetters = (await import('../handlers/settle-dead-letters.ts')).handler
})
afterAll(() => resources.stop())

async function storeOriginal() {
  const bytes = await fourCorners(400, 300).jpeg().toBuffer()
  const message = acceptedMessage(bytes)
  await resources.put(inputKey(message.data), bytes)
  return message
}

const failureOf = ({ Records }: SQSEvent) => ({
  batchItemFailures: Records.map(({ messageId }) => ({ itemIdentifier: messageId })),
})

test('while S3 does not answer, the message of an image is sent again, and no receive counts', async () => {
  const message = await storeOriginal()
  await resources.send(resources.queueUrl, message)
  const event = await resources.receiveEvent(resources.queueUrl)
  await resources.stopStorage()
  expect(await processImages(event)).toEqual({ batchItemFailures: [] })
  await resources.startStorage()
  await resources.discard(resources.queueUrl, event)
  expect(await resources.list('metadata/')).toEqual([])

  const again = await resources.receiveEvent(resources.queueUrl)
  expect(again.Records[0]).toMatchObject({ attributes: { ApproximateReceiveCount: '1' } })
  expect(JSON.parse(again.Records[0]?.body ?? '')).toEqual({
    ...message,
    receives: 1,
    waitingsince: expect.any(String),
  })
  expect(await processImages(again)).toEqual({ batchItemFailures: [] })
  expect(await resources.document(message.data)).toMatchObject({ status: 'processed', receive_count: 2 })
})

test('while S3 does not answer, a dead letter is kept and nothing is parked', async () => {
  await resources.send(resources.deadLetterQueueUrl, await storeOriginal())
  const event = await resources.receiveEvent(resources.deadLetterQueueUrl)
  await resources.stopStorage()
  expect(await settleDeadLetters(event)).toEqual(failureOf(event))
  await resources.startStorage()
  expect(await resources.bodies(resources.parkedQueueUrl)).toEqual([])
})
