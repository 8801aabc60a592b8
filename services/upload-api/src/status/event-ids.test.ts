import { deriveImageId, eventKey, eventOf, type ImageRef, newImageId } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import { processedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler: getImage } = await import('../routes/get-image.ts')
const { handler: listImages } = await import('../routes/list-images.ts')
const { handler: eraseImage } = await import('../routes/erase-image.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const app = 'web-app-2'
const now = new Date()
let events = 0

/** An event whose time was not believed: the id that its producer derived, and the image of the bridge. */
async function event(time: Date): Promise<{ derived: string; image: ImageRef }> {
  const identity = { app, source: '/phone', id: String(++events) }
  const image = { app, imageId: deriveImageId({ ...identity, time: now }) }
  await store.put(eventKey(eventOf(image)), image.imageId)
  return { derived: deriveImageId({ ...identity, time }), image }
}

/** Finishes an image while a request waits for it: once its handler has read the original. */
async function finish(image: ImageRef): Promise<void> {
  await store.putDocument(processedDocument(image))
}

const wait = { prefer: 'wait=5' }

test.each(['2015-06-01', '2099-01-01'])(
  'an image is found under the id that its producer derived from a time in %s',
  async (time) => {
    const { derived, image } = await event(new Date(time))
    expect((await send(getImage, { app, id: derived })).status).toBe(404)
    await store.putInput(image)
    const queued = await send(getImage, { app, id: derived })
    expect(queued.body).toMatchObject({ id: derived, status: 'queued' })
    const [finished] = await Promise.all([send(getImage, { app, id: derived, headers: wait }), finish(image)])
    expect(finished.body).toMatchObject({ id: derived, status: 'processed' })
    expect((await send(getImage, { app: 'web-app-1', id: derived })).status).toBe(404)
  },
)

test('and selected and waited for among others', async () => {
  const { derived, image } = await event(new Date('2099-01-01'))
  const unknown = newImageId(new Date('2026-01-01'))
  await store.putInput(image)
  const query = { ids: [unknown, derived].join() }
  const [{ body }] = await Promise.all([send(listImages, { app, query, headers: wait }), finish(image)])
  expect(body).toMatchObject({ items: [{ id: derived, status: 'processed' }], notFound: [unknown] })
})

test('and erased, under both ids', async () => {
  const { derived, image } = await event(new Date('2015-06-01'))
  await store.putDocument(processedDocument(image))
  const receipt = await send(eraseImage, { method: 'DELETE', app, id: derived })
  expect([receipt.status, receipt.body]).toMatchObject([200, { id: derived, status: 'erased' }])
  for (const id of [derived, image.imageId]) {
    expect((await send(getImage, { app, id })).body).toMatchObject({ id, status: 'erased' })
  }
})
