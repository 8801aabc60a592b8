import { DirectUpload, inputKey, settingsKey } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, describe, expect, test } from '@jest/globals'
import { openStore } from '../testing/open-store.ts'
import { jpeg, png } from '../testing/sample-images.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
/** Accepts PNG only, up to the size of the JPEG. */
const app = 'strict'
const store = await openStore(awsEnvironment(aws.endpoint), {
  [app]: { contentTypes: ['image/png'], maxBytes: jpeg.length },
})
const { handler: uploadImage } = await import('./upload-image.ts')
const { handler: createUpload } = await import('./create-upload.ts')
const { handler: completeUpload } = await import('./complete-upload.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const LARGE = Buffer.concat([png, Buffer.alloc(jpeg.length + 1 - png.length)])
const count = ({ length }: Buffer) => `${length.toLocaleString('en')} bytes`
const tooLarge = {
  status: 413,
  slug: 'payload-too-large',
  detail: `The image has ${count(LARGE)}. The app strict accepts up to ${count(jpeg)}.`,
}
const anotherType = {
  status: 415,
  slug: 'unsupported-media-type',
  detail: 'The image is image/jpeg. The app strict accepts image/png.',
}
const refusal = ({ status, slug, detail }: typeof tooLarge) => ({
  status,
  body: { type: expect.stringContaining(slug), detail },
})

const upload = (bytes: Uint8Array, from: string) =>
  send(uploadImage, {
    method: 'POST',
    app: from,
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
  })
const plan = (bytes: number, contentType: string) =>
  send(createUpload, {
    method: 'POST',
    path: '/v1/uploads',
    app,
    headers: { 'content-type': 'application/json' },
    json: { bytes, contentType },
  })

describe('POST /v1/images of an app with limits', () => {
  test('accepts what is within them', async () => {
    expect((await upload(png, app)).status).toBe(202)
  })

  test('refuses a larger image with the limit', async () => {
    expect(await upload(LARGE, app)).toMatchObject(refusal(tooLarge))
  })

  test('refuses another type with those that it accepts', async () => {
    expect((await upload(jpeg, 'web-app-1')).status).toBe(202)
    expect(await upload(jpeg, app)).toMatchObject(refusal(anotherType))
  })
})

describe('POST /v1/uploads of an app with limits', () => {
  test('refuses before any byte is sent', async () => {
    expect(await plan(LARGE.length, 'image/png')).toMatchObject(refusal(tooLarge))
    expect(await plan(png.length, 'image/jpeg')).toMatchObject(refusal(anotherType))
    expect((await plan(png.length, 'application/octet-stream')).status).toBe(201)
  })

  test('refuses what was sent with the promise of another type', async () => {
    const { body } = await plan(png.length, 'application/octet-stream')
    const { id, url, fields = {} } = DirectUpload.parse(body)
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    // A GIF of the same size as the sample.
    const gif = Buffer.concat([GIF, Buffer.alloc(png.length - GIF.length)])
    form.set('file', new Blob([gif]))
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
    const answer = await send(completeUpload, {
      method: 'POST',
      path: `/v1/uploads/${id}/complete`,
      app,
      id,
    })
    expect(answer).toMatchObject(
      refusal({ ...anotherType, detail: 'The image is image/gif. The app strict accepts image/png.' }),
    )
    expect(await store.storedKeys()).not.toContain(inputKey({ app, imageId: id }))
  })
})

/** One white pixel. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')

test('limits that were applied after the deployment are enforced', async () => {
  const { digestOf, readConfiguration } = await import('@darkroom/app-configuration')
  const deployed = readConfiguration()
  const settings = {
    preset: { name: 'default', ...deployed.presets.default },
    deduplication: false,
    maxBytes: 1,
  }
  const applied = { over: digestOf(deployed), appliedAt: new Date().toISOString(), settings }
  await store.put(settingsKey({ app: 'tightened' }), JSON.stringify(applied))
  expect(await upload(png, 'tightened')).toMatchObject({
    status: 413,
    body: { detail: expect.stringContaining('The app tightened accepts up to 1 byte.') },
  })
})
