import { SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import { newImageId } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, expect, jest, test } from '@jest/globals'
import { processedDocument } from './testing/documents.ts'
import { openStore } from './testing/open-store.ts'
import { send } from './testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler: getImage } = await import('./routes/get-image.ts')
const { handler: listImages } = await import('./routes/list-images.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const app = 'web-app-1'
const headers = { prefer: 'wait=25' }
const MINUTE = 60_000

/** A minute later, an instance does not use what it knows of the queue. */
let laterMs = 0
const realNow = Date.now
jest.spyOn(Date, 'now').mockImplementation(() => realNow() + laterMs)
afterEach(async () => {
  await store.purge()
  laterMs += MINUTE
})

async function fillQueue(messages: number) {
  for (let sent = 0; sent < messages; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({ Id: `${index}`, MessageBody: 'waits' }))
    await store.sqs.send(new SendMessageBatchCommand({ QueueUrl: process.env.QUEUE_URL, Entries }))
  }
}

async function queued(): Promise<string> {
  const imageId = newImageId()
  await store.putInput({ app, imageId })
  return imageId
}

test('while the processor is behind, a request does not wait, and says when to ask again', async () => {
  await fillQueue(300)
  const [first, second] = [await queued(), await queued()]
  const behind = { status: 200, headers: { 'retry-after': 3, 'preference-applied': 'wait=25' } }
  expect(await send(getImage, { app, id: first, headers })).toMatchObject(behind)
  // The instance knows it now.
  expect(await send(getImage, { app, id: second, headers })).toMatchObject(behind)
  expect(await send(listImages, { app, query: { ids: `${first},${second}` }, headers })).toMatchObject(behind)
})

test('while the processor is behind, an image that is finished all the same is answered as such', async () => {
  await fillQueue(300)
  await send(getImage, { app, id: await queued(), headers })
  const imageId = await queued()
  await store.putDocument(processedDocument({ app, imageId }))
  expect((await send(getImage, { app, id: imageId, headers })).body.status).toBe('processed')
})

test('a queue of a few images is waited for', async () => {
  await fillQueue(100)
  const imageId = await queued()
  const answer = send(getImage, { app, id: imageId, headers })
  await store.putDocument(processedDocument({ app, imageId }))
  expect((await answer).body.status).toBe('processed')
})

test('while SQS is away, a request does not wait', async () => {
  const { sqs } = await import('./clients.ts')
  const away = jest.spyOn(sqs, 'send').mockRejectedValue(new Error('away') as never)
  const answer = await send(getImage, { app, id: await queued(), headers })
  expect([answer.status, answer.headers['retry-after']]).toEqual([200, 60])
  away.mockRestore()
})
