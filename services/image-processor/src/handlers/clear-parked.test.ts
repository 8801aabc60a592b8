import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { newReceipt } from '@darkroom/bucket'
import { inputKey, metadataKey } from '@darkroom/core'
import { afterAll, expect, test } from '@jest/globals'
import { acceptedMessage, startResources, wholeMinute } from '../../test/start-resources.ts'
import { fourCorners } from '../testing/test-images.ts'

const resources = await startResources()
const { handler: clearParked } = await import('./clear-parked.ts')
const { sqs } = await import('../clients.ts')
const { handler: settle } = await import('./settle-dead-letters.ts')
afterAll(async () => {
  sqs.destroy()
  await resources.stop()
})

/** Parks the message of an image that failed, and gives its document another status. */
async function park(status?: 'erased' | 'of a later version') {
  const message = { ...acceptedMessage(Buffer.from('an image')), deadletters: 1 }
  await resources.send(resources.deadLetterQueueUrl, message)
  await settle(await resources.receiveEvent(resources.deadLetterQueueUrl))
  if (!status) return
  const failed = await resources.document(message.data)
  const document = status === 'erased' ? newReceipt(message.data, 'c0ffee123456', 1) : { ...failed, status }
  await resources.put(metadataKey(message.data), JSON.stringify(document))
}

/** Including those that were received. */
async function countParked(): Promise<number> {
  const QueueUrl = resources.parkedQueueUrl
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))
  const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = Attributes ?? {}
  return Number(ApproximateNumberOfMessages) + Number(ApproximateNumberOfMessagesNotVisible)
}

test('parked messages are deleted once their image is processed or erased, and only those', async () => {
  await park()
  await park('erased')
  await park('of a later version')
  await resources.send(resources.parkedQueueUrl, 'no JSON')
  expect(await clearParked()).toEqual({ deleted: 1, kept: 3 })
  expect(await countParked()).toBe(3)
})

test('a parked message that asks for another development is deleted once that is done', async () => {
  const { handler } = await import('./process-images-with-sharp.ts')
  const process = async (message: object) => {
    await resources.send(resources.queueUrl, message)
    return handler(await resources.receiveEvent(resources.queueUrl), wholeMinute)
  }
  const bytes = await fourCorners(400, 300).jpeg().toBuffer()
  const parkAgain = async () => {
    const message = { ...acceptedMessage(bytes), deadletters: 1 }
    await resources.put(inputKey(message.data), bytes, { sha256: message.data.sha256 })
    await process(message)
    const document = await resources.document(message.data)
    await resources.put(metadataKey(message.data), JSON.stringify({ ...document, preset_version: 99 }))
    const again = { ...message, data: { ...message.data, redevelop: { preset: 'default' } } }
    await resources.send(resources.deadLetterQueueUrl, again)
    await settle(await resources.receiveEvent(resources.deadLetterQueueUrl))
    return again
  }
  await parkAgain()
  const done = await parkAgain()
  await process(done)
  expect(await clearParked()).toEqual({ deleted: 1, kept: 1 })
})
