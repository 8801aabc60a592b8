import { DirectUpload } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import pMap from 'p-map'
import { openStore } from '../testing/open-store.ts'
import { jpeg } from '../testing/sample-images.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler: createUpload } = await import('../routes/create-upload.ts')
const { handler: completeUpload } = await import('../routes/complete-upload.ts')
const { handler: uploadImage } = await import('../routes/upload-image.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

async function sendDirectly(app: string): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const json = { bytes: jpeg.length, contentType: 'image/jpeg' }
  const planned = await send(createUpload, { method: 'POST', path: '/v1/uploads', app, headers, json })
  const { id, url, fields = {} } = DirectUpload.parse(planned.body)
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new Blob([new Uint8Array(jpeg)]))
  await fetch(url, { method: 'POST', body: form })
  return id
}

test('uploads of another app without end neither refuse nor delay the completion of an upload', async () => {
  const id = await sendDirectly('web-app-1')
  // Unfinished ones, and a backlog of finished ones.
  await pMap(Array.from({ length: 50 }), () => sendDirectly('web-app-2'), { concurrency: 5 })
  const headers = { 'content-type': 'image/jpeg' }
  const upload = () => send(uploadImage, { method: 'POST', app: 'web-app-2', headers, body: jpeg })
  const backlog = await pMap(Array.from({ length: 50 }), upload, { concurrency: 5 })
  for (const { status } of backlog) expect(status).toBe(202)
  const completed = await send(completeUpload, {
    ...{ method: 'POST', path: `/v1/uploads/${id}/complete`, app: 'web-app-1', id },
  })
  expect(completed.status).toBe(202)
  // The 51 messages come by ten: in the order of their arrival, it would be in the last batch.
  const next = await store.takeMessages()
  expect(next.map(({ subject }) => subject)).toContain(id)
})
