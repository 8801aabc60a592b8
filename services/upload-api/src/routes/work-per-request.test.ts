import { newImageId } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import { processedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { send, type TestRequest } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler: getImage } = await import('./get-image.ts')
const { handler: listImages } = await import('./list-images.ts')
const { handler: completeUpload } = await import('./complete-upload.ts')
const { handler: eraseImage } = await import('./erase-image.ts')
const { bucket } = await import('../clients.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

let requestsToS3 = 0
bucket.s3.middlewareStack.add(
  (next) => (args) => {
    requestsToS3++
    return next(args)
  },
  // Links to variants, which need no request, do not come so far.
  { step: 'deserialize' },
)

/** Has no topics. */
const app = 'web-app-1'
const withTopics = 'web-app-2'
const unknown = (count: number) => Array.from({ length: count }, () => newImageId()).join()
const finished = async (count: number) => {
  const ids = Array.from({ length: count }, () => newImageId())
  for (const imageId of ids) await store.putDocument(processedDocument({ app, imageId }))
  return ids.join()
}
const complete = (): TestRequest => {
  const id = newImageId()
  return { id, method: 'POST', path: `/v1/uploads/${id}/complete` }
}

test.each<[string, number, typeof getImage, () => TestRequest | Promise<TestRequest>]>([
  ['100 unknown ids', 200, listImages, () => ({ app, query: { ids: unknown(100) } })],
  ['in an app with topics', 300, listImages, () => ({ app: withTopics, query: { ids: unknown(100) } })],
  ['100 finished images by id', 200, listImages, async () => ({ app, query: { ids: await finished(100) } })],
  ['more ids than are allowed', 0, listImages, () => ({ app, query: { ids: unknown(101) } })],
  ['an unknown image', 3, getImage, () => ({ app, id: newImageId() })],
  ['in an app with topics', 4, getImage, () => ({ app: withTopics, id: newImageId() })],
  ['the completion of an unknown upload', 7, completeUpload, () => ({ app, ...complete() })],
  ['in an app with topics', 8, completeUpload, () => ({ app: withTopics, ...complete() })],
  ['the erasure of an unknown image', 10, eraseImage, () => ({ app, id: newImageId(), method: 'DELETE' })],
])('%s: at most %i requests to S3', async (_, most, handler, make) => {
  const request = await make()
  requestsToS3 = 0
  await send(handler, request)
  expect(requestsToS3).toBe(most)
})
