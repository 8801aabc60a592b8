import { readFile } from 'node:fs/promises'
import { DirectUpload } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { openStore } from '../testing/open-store.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const SAMPLE = '../../../../packages/image-file/src/testing/heic/upright.heic'
const heic = await readFile(new URL(SAMPLE, import.meta.url))
const app = 'web-app-1'

/** The routes of a deployment with this setting, which they read when they are imported. */
async function importRoutes(heicDecoder: string) {
  process.env.HEIC_DECODER = heicDecoder
  jest.resetModules()
  const { handler: uploadImage } = await import('./upload-image.ts')
  const { handler: createUpload } = await import('./create-upload.ts')
  const { handler: completeUpload } = await import('./complete-upload.ts')
  const json = { 'content-type': 'application/json' }
  const plan = (contentType: string) =>
    send(createUpload, {
      method: 'POST',
      path: '/v1/uploads',
      app,
      headers: json,
      json: { bytes: heic.length, contentType },
    })
  return {
    plan,
    upload: (body: Uint8Array | string, contentType: string) =>
      send(uploadImage, { method: 'POST', app, headers: { 'content-type': contentType }, body }),
    async uploadDirectly(contentType: string) {
      const { url, fields = {}, id } = DirectUpload.parse((await plan(contentType)).body)
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.set(name, value)
      form.set('file', new Blob([new Uint8Array(heic)]))
      expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
      return send(completeUpload, { method: 'POST', path: `/v1/uploads/${id}/complete`, app, id })
    },
  }
}

describe('with HEIC_DECODER=none', () => {
  test('HEIC is refused with the reason, however it is uploaded', async () => {
    const { upload, uploadDirectly, plan } = await importRoutes('none')
    expect((await plan('image/heic')).status).toBe(415)
    const undeclared = 'application/octet-stream'
    for (const { status, body } of [await upload(heic, 'image/heic'), await uploadDirectly(undeclared)]) {
      expect(status).toBe(415)
      expect(body).toMatchObject({
        type: expect.stringContaining('unsupported-media-type'),
        detail:
          "This file type isn't supported: HEIC. Export it as JPEG. Supported types: JPEG, PNG, WebP, GIF, AVIF.",
      })
    }
    expect(await store.takeMessages()).toEqual([])
  })
})

describe('with HEIC_DECODER=libheif', () => {
  test('HEIC is accepted, however it is uploaded', async () => {
    const { upload, uploadDirectly } = await importRoutes('libheif')
    for (const { status, body } of [await upload(heic, 'image/heic'), await uploadDirectly('image/heic')]) {
      expect([status, body]).toMatchObject([202, { contentType: 'image/heic', bytes: heic.length }])
    }
    expect(await store.takeMessages()).toMatchObject([
      { data: { contentType: 'image/heic' } },
      { data: { contentType: 'image/heic' } },
    ])
  })

  test('errors list it as an accepted type', async () => {
    const { upload, plan } = await importRoutes('libheif')
    for (const { status, body } of [await upload('hello', 'image/heic'), await plan('text/plain')]) {
      expect(status).toBe(415)
      expect(body).toMatchObject({ detail: expect.stringContaining('JPEG, PNG, WebP, GIF, AVIF, HEIC') })
    }
  })
})

test('the service does not start with another value, and says why', async () => {
  await expect(importRoutes('ffmpeg')).rejects.toThrow('HEIC_DECODER is ffmpeg; it must be none or libheif')
  // The store is closed through the service's clients, which read the environment again.
  process.env.HEIC_DECODER = 'none'
  jest.resetModules()
})
