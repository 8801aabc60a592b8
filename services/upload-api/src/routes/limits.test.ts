import { DirectUpload, newImageId, settingsKey } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { createUsageTable } from '@darkroom/rate-limits/testing'
import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { openStore } from '../testing/open-store.ts'
import { jpeg, png } from '../testing/sample-images.ts'
import { send } from '../testing/send.ts'

// Only the clock stands still: timers are those of Node.
jest.useFakeTimers({
  now: Date.UTC(2026, 10, 29, 12),
  doNotFake: [
    'hrtime',
    'nextTick',
    'performance',
    'queueMicrotask',
    'setImmediate',
    'clearImmediate',
    'setInterval',
    'clearInterval',
    'setTimeout',
    'clearTimeout',
  ],
})
// A function waits for half a second for the table, and then admits without it. A busy machine can take longer.
jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal)
const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint), {
  limited: { limits: { imagesPerDay: 2 } },
  planning: { limits: { imagesPerDay: 2, pixelsPerDay: 1 } },
  unlimited: {},
})
await createUsageTable('test')
const { handler: uploadImage } = await import('./upload-image.ts')
const { handler: createUpload } = await import('./create-upload.ts')
const { handler: completeUpload } = await import('./complete-upload.ts')
// The same for settings, instead of which it takes those of the deployment.
const { settingsBucket } = await import('../clients.ts')
const sdk = settingsBucket.s3.config.requestHandler as unknown as {
  updateHttpClientConfig(key: 'connectionTimeout' | 'requestTimeout', milliseconds: number): void
}
sdk.updateHttpClientConfig('connectionTimeout', 60_000)
sdk.updateHttpClientConfig('requestTimeout', 60_000)
afterAll(async () => {
  jest.restoreAllMocks()
  jest.useRealTimers()
  await store.close()
  await aws.stop()
})

const upload = (app: string, bytes: Uint8Array = png, headers = {}) =>
  send(uploadImage, {
    method: 'POST',
    app,
    headers: { 'content-type': 'application/octet-stream', ...headers },
    body: bytes,
  })
const plan = (app: string, key = newImageId(), more = {}) =>
  send(createUpload, {
    method: 'POST',
    path: '/v1/uploads',
    app,
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    json: { bytes: jpeg.length, contentType: 'image/jpeg', ...more },
  })

describe('POST /v1/images', () => {
  test('is 429 over a limit, with the figures, and nothing is stored', async () => {
    const first = await upload('limited')
    expect(first).toMatchObject({
      status: 202,
      headers: {
        'ratelimit-policy': '"images-per-day";q=2;w=86400',
        ratelimit: '"images-per-day";r=1;t=43200',
        'retry-after': 1,
      },
    })
    // Bytes that are no image do not count.
    expect((await upload('limited', Buffer.from('no image'))).status).toBe(415)
    expect((await upload('limited')).status).toBe(202)
    const before = await store.storedKeys()
    const refused = await upload('limited')
    expect(refused).toMatchObject({
      status: 429,
      headers: {
        'content-type': 'application/problem+json',
        'retry-after': '43200',
        ratelimit: '"images-per-day";r=0;t=43200',
      },
      body: {
        type: 'urn:problem-type:darkroom:quota-exceeded',
        title: 'The quota is used up',
        detail: 'The app limited has used its 2 images of today (UTC). Try again in 12 hours.',
        retryable: true,
      },
    })
    // Known to this instance, so nothing is read for the key.
    expect((await upload('limited', png, { 'idempotency-key': newImageId() })).status).toBe(429)
    expect(await store.storedKeys()).toEqual(before)
  })

  test('of an app without limits has no headers of limits', async () => {
    const { status, headers } = await upload('unlimited')
    expect(status).toBe(202)
    expect(Object.keys(headers).filter((name) => name.startsWith('ratelimit'))).toEqual([])
  })

  test('has the limits that were applied after the deployment', async () => {
    const { digestOf, readConfiguration } = await import('@darkroom/app-configuration')
    const deployed = readConfiguration()
    const preset = { name: 'default', ...deployed.presets.default }
    const applied = {
      over: digestOf(deployed),
      appliedAt: new Date().toISOString(),
      settings: { preset, deduplication: false, limits: { imagesPerSecond: 1, burstImages: 1 } },
    }
    await store.put(settingsKey({ app: 'tightened' }), JSON.stringify(applied))
    expect((await upload('tightened')).status).toBe(202)
    expect(await upload('tightened')).toMatchObject({
      status: 429,
      headers: { 'retry-after': '2' },
      body: {
        type: 'urn:problem-type:darkroom:rate-limited',
        detail: 'The app tightened may send 1 image a second, and 1 at once. Try again in 2 seconds.',
      },
    })
  })
})

describe('POST /v1/uploads', () => {
  test('counts an upload once, and its pixels when it is complete', async () => {
    const planned = await plan('planning')
    expect(planned).toMatchObject({ status: 201, headers: { ratelimit: '"images-per-day";r=1;t=43200' } })
    const { id, url, fields = {} } = DirectUpload.parse(planned.body)
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    form.set('file', new Blob([jpeg]))
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
    const complete = () =>
      send(completeUpload, { method: 'POST', path: `/v1/uploads/${id}/complete`, app: 'planning', id })
    expect((await complete()).status).toBe(202)
    // Accepted already, so asking for it again is no other upload.
    expect((await plan('planning', id)).headers).toMatchObject({ 'idempotency-replayed': 'true' })
    const refused = await plan('planning')
    expect(refused).toMatchObject({
      status: 429,
      body: { detail: expect.stringMatching(/^The app planning has used its 1 pixel of today/) },
    })
  })
})
