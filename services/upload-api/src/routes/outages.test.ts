import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { inputKey, metadataKey, newImageId, Problem, toUserMetadata, uploadKey } from '@darkroom/core'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { openStore } from '../testing/open-store.ts'
import { jpeg } from '../testing/sample-images.ts'
import { type Answer, send } from '../testing/send.ts'
import { untilRead } from '../testing/until-read.ts'
import { watchEvent } from '../testing/watch-event.ts'

/** S3 and SQS as two servers that can stop and restart independently. */
const directory = await mkdtemp(join(tmpdir(), 'upload-api-'))
const start = (name: string, port = 0) => startLocalAws({ port, dataDir: join(directory, name) })
const running: Record<'s3' | 'sqs', LocalAws> = { s3: await start('s3'), sqs: await start('sqs') }
const ports = { s3: running.s3.port, sqs: running.sqs.port }
const restart = async (name: 's3' | 'sqs') => {
  await running[name].stop()
  running[name] = await start(name, ports[name])
}

const store = await openStore({
  ...awsEnvironment(running.s3.endpoint),
  AWS_ENDPOINT_URL_SQS: running.sqs.endpoint,
})
const { handler: uploadImage } = await import('./upload-image.ts')
const { handler: getImage } = await import('./get-image.ts')
const { handler: completeUpload } = await import('./complete-upload.ts')
const { handler: watchImages } = await import('../watch/watch-images.ts')
const { bucket } = await import('../clients.ts')
const { logger } = await import('../logger.ts')
const { handler: listImages } = await import('./list-images.ts')
const { handler: ready } = await import('./ready.ts')

afterEach(async () => {
  await Promise.all([restart('s3'), restart('sqs')])
})
afterAll(async () => {
  await store.close()
  await Promise.all([running.s3.stop(), running.sqs.stop()])
  await rm(directory, { recursive: true, force: true })
})

/** The SDK's client of HTTP, whose types a client of S3 does not have. */
interface TimedRequests {
  httpHandlerConfigs(): { requestTimeout: number }
  updateHttpClientConfig(key: 'requestTimeout', milliseconds: number): void
}

const app = 'web-app-1'
const upload = (key: string) =>
  send(uploadImage, {
    method: 'POST',
    app,
    headers: { 'content-type': 'image/jpeg', 'idempotency-key': key },
    body: jpeg,
  })

function expectUnavailable({ status, headers, body }: Answer, slug: string): void {
  expect([status, headers['retry-after'], body.type]).toEqual([503, 5, `urn:problem-type:darkroom:${slug}`])
  expect(Problem.strict().parse(body)).toMatchObject({ retryable: true })
  expect(JSON.stringify(body)).not.toMatch(/ECONNREFUSED|127\.0\.0\.1|aws|stack/i)
}

describe('ready', () => {
  let now = Date.now()
  beforeEach(() => {
    jest.spyOn(Date, 'now').mockImplementation(() => now)
  })
  afterEach(() => {
    jest.mocked(Date.now).mockRestore()
    now += 5000
  })
  const answer = { status: 'ready', service: 'upload-api', stage: 'test', storage: 'ok' }

  test('is 200 while S3 and SQS answer, and asks them again after five seconds', async () => {
    const asks = jest.spyOn(bucket.s3, 'send')
    for (const later of [0, 4999, 1]) {
      now += later
      expect(await send(ready)).toMatchObject({ status: 200, body: { ...answer, queue: 'ok' } })
    }
    expect(asks).toHaveBeenCalledTimes(2)
    asks.mockRestore()
  })

  test('is 200 without SQS, because uploads are accepted', async () => {
    await running.sqs.stop()
    expect(await send(ready)).toMatchObject({ status: 200, body: { ...answer, queue: 'unavailable' } })
  })

  test('is 503 without S3', async () => {
    await running.s3.stop()
    expectUnavailable(await send(ready), 'storage-unavailable')
  })
})

describe('while S3 is down', () => {
  test('an upload is 503, and succeeds with the same key when it is back', async () => {
    const key = newImageId()
    await running.s3.stop()
    expectUnavailable(await upload(key), 'storage-unavailable')
    expect(await store.takeMessages()).toEqual([])

    await restart('s3')
    const { status, headers } = await upload(key)
    expect(status).toBe(202)
    expect(headers).not.toHaveProperty('idempotency-replayed')
    expect(await store.takeMessages()).toMatchObject([{ subject: key }])
  })

  test('the log names the cause and the request, and the answer the request only', async () => {
    const error = jest.spyOn(logger, 'error')
    await running.s3.stop()
    const { body } = await send(getImage, { app, id: newImageId() })
    const requestId = body.requestId
    expect(error.mock.calls.at(-1)).toMatchObject([
      'storage-unavailable',
      {
        requestId,
        cause: expect.stringMatching(/^\w+: .*(?:ECONNREFUSED|ECONNRESET|socket)/),
        error: { slug: 'storage-unavailable' },
      },
    ])
  })

  test('an S3 that accepts the connection but never answers leads to 503 too', async () => {
    await running.s3.stop()
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket)).listen(ports.s3, '127.0.0.1')
    await once(silent, 'listening')
    const requests = bucket.s3.config.requestHandler as unknown as TimedRequests
    const { requestTimeout } = requests.httpHandlerConfigs()
    // Two attempts end long before the function's time.
    expect(requestTimeout).toBeLessThanOrEqual(4_000)
    requests.updateHttpClientConfig('requestTimeout', 100)
    expectUnavailable(await upload(newImageId()), 'storage-unavailable')
    requests.updateHttpClientConfig('requestTimeout', requestTimeout)
    for (const socket of sockets) socket.destroy()
    silent.close()
    await once(silent, 'close')
  })

  test('the status of an image and the list of a day are 503, not 404 or empty', async () => {
    await running.s3.stop()
    expectUnavailable(await send(getImage, { app, id: newImageId() }), 'storage-unavailable')
    expectUnavailable(await send(listImages, { app, query: { date: '2026-11-23' } }), 'storage-unavailable')
  })

  test.each([
    ['that is three days old is sent again, because the queue keeps it for four', 3, []],
    ['that is younger comes back by itself', 1, ['back']],
  ])('an event of S3 %s', async (_, days, failures) => {
    const image = { app, imageId: newImageId() }
    await running.s3.stop()
    const { Records } = watchEvent(store.bucket, inputKey(image), days * 86_400_000)
    const { batchItemFailures } = await watchImages({ Records })
    expect(batchItemFailures.map(() => 'back')).toEqual(failures)
    const again = (await store.receiveWatched()).map(({ body }) => body)
    expect(again).toEqual(days === 3 ? Records.map(({ body }) => body) : [])
    expect(await store.takeParked()).toEqual([])
  })

  test('waiting for an image ends with 503 too', async () => {
    const imageId = newImageId()
    await store.putInput({ app, imageId })
    const read = untilRead(metadataKey({ app, imageId }))
    const answer = send(getImage, { app, id: imageId, headers: { prefer: 'wait=20' } })
    expect(await Promise.race([answer, read.then(() => 'held')])).toBe('held')
    await running.s3.stop()
    expectUnavailable(await answer, 'storage-unavailable')
  })
})

describe('while SQS is down', () => {
  const watch = (imageId: string) => watchImages(watchEvent(store.bucket, inputKey({ app, imageId })))

  test('an upload is accepted, and the watch queue sends its message', async () => {
    const key = newImageId()
    const warn = jest.spyOn(logger, 'warn')
    await running.sqs.stop()
    const accepted = await upload(key)
    expect(accepted).toMatchObject({ status: 202, body: { id: key, status: 'queued' } })
    expect(await store.storedKeys()).toContain(inputKey({ app, imageId: key }))
    expect((await send(getImage, { app, id: key })).body).toMatchObject({ status: 'queued' })
    expect(warn.mock.calls).toMatchObject([[expect.stringContaining('not sent'), { app, imageId: key }]])

    await restart('sqs')
    await watch(key)
    expect(await store.takeMessages()).toContainEqual(
      expect.objectContaining({ subject: key, time: accepted.body.acceptedAt }),
    )
  })

  test('completing a direct upload is accepted, also when it is repeated', async () => {
    const image = { app, imageId: newImageId() }
    const metadata = { app, origin: { kind: 'http' as const }, attributes: {} }
    const object = { Body: jpeg, ContentType: 'image/jpeg', Metadata: toUserMetadata(metadata) }
    const Key = uploadKey({ ...image, bytes: jpeg.length })
    // By the service's client: it tries again where a connection ended with the server of the test before.
    await bucket.s3.send(new PutObjectCommand({ Bucket: store.bucket, Key, ...object }))
    const complete = () => send(completeUpload, { method: 'POST', app, id: image.imageId })
    await running.sqs.stop()
    expect(await complete()).toMatchObject({ status: 202, body: { id: image.imageId } })
    expect(await complete()).toMatchObject({ status: 202, headers: { 'idempotency-replayed': 'true' } })

    await restart('sqs')
    await watch(image.imageId)
    expect(await store.takeMessages()).toContainEqual(expect.objectContaining({ subject: image.imageId }))
  })
})
