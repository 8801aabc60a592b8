import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { newReceipt } from '@darkroom/bucket'
import { metadataKey } from '@darkroom/core'
import { afterAll, expect, test } from '@jest/globals'
import { acceptedMessage, startResources } from '../../test/start-resources.ts'

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
