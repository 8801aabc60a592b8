/** What the handlers of the API and of Kafka record in the audit trail, read from their output as CloudWatch does. */
import { SQSClient } from '@aws-sdk/client-sqs'
import {
  type AuditEntry,
  credentialKey,
  formatApiKey,
  metadataKey,
  newApiKey,
  newImageId,
  ProblemError,
  parseAuditLine,
  recordOf,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda'
import { fourCorners } from '../../services/image-processor/src/testing/test-images.ts'
import { CLOUD_EVENT, kafkaEvent, kafkaRecord } from '../../services/kafka-bridge/test/kafka-records.ts'
import { processedDocument } from '../../services/upload-api/src/testing/documents.ts'
import { openStore } from '../../services/upload-api/src/testing/open-store.ts'
import { send, type TestRequest } from '../../services/upload-api/src/testing/send.ts'
import { watchEvent } from '../../services/upload-api/src/testing/watch-event.ts'
import { recordOutput } from './record-output.ts'

const app = 'web-app-1'
const key = newApiKey(app, 'test')
const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
await store.put(credentialKey(key), JSON.stringify(recordOf(key, app)))
Object.assign(process.env, { UNDELIVERED_BUCKET: 'darkroom-test-undelivered', POWERTOOLS_LOG_LEVEL: 'ERROR' })
let output = recordOutput()
const load = async (path: string) => (await import(`../../services/${path}.ts`)).handler
const routes = {
  uploadImage: await load('upload-api/src/routes/upload-image'),
  createUpload: await load('upload-api/src/routes/create-upload'),
  createToken: await load('upload-api/src/routes/create-token'),
  getImage: await load('upload-api/src/routes/get-image'),
  listImages: await load('upload-api/src/routes/list-images'),
  eraseImage: await load('upload-api/src/routes/erase-image'),
  health: await load('upload-api/src/routes/health'),
}
const authorize = await load('upload-api/src/routes/authorize')
const watchImages = await load('upload-api/src/watch/watch-images')
const bridgeRecords = await load('kafka-bridge/src/bridge-records')
const sqs = new SQSClient({})
beforeEach(() => {
  output.stop()
  output = recordOutput()
})
afterAll(async () => {
  output.stop()
  sqs.destroy()
  await store.close()
  await aws.stop()
})

const entries = (): AuditEntry[] =>
  output
    .text()
    .split('\n')
    .map(parseAuditLine)
    .filter((entry) => entry !== undefined)

const call = (route: keyof typeof routes, request: TestRequest) => send(routes[route], { app, ...request })
const photograph = await fourCorners(40, 30).jpeg().toBuffer()
const jpeg = { 'content-type': 'image/jpeg' }
const BY_KEY = { kind: 'key', credential: 'c0ffee1234567890' }
const FROM = { ip: '192.0.2.1', client: 'other' }

async function processed(): Promise<string> {
  const imageId = newImageId()
  await store.putDocument(processedDocument({ app, imageId }))
  return imageId
}

describe('the audit trail has', () => {
  test('an upload: who sent which image from where, and the request', async () => {
    const { body } = await call('uploadImage', { method: 'POST', headers: jpeg, body: photograph })
    expect(entries()).toEqual([
      {
        audit: 1,
        id: expect.any(String),
        time: expect.any(String),
        act: 'image.uploaded',
        outcome: 'done',
        app,
        images: [body.id],
        who: BY_KEY,
        from: FROM,
        requestId: expect.any(String),
      },
    ])
  })

  test('an upload that was refused, without an image', async () => {
    await call('uploadImage', { method: 'POST', headers: jpeg, body: Buffer.from('no image') })
    const [entry, ...others] = entries()
    expect([entry, others]).toMatchObject([{ act: 'image.uploaded', outcome: 'unsupported-media-type' }, []])
    expect(entry).not.toHaveProperty('images')
  })

  test('the uploader of a token', async () => {
    const caller = { kind: 'token' as const, uploader: 'user-7\u009b', scopes: 'upload' }
    await call('uploadImage', { method: 'POST', headers: jpeg, body: photograph, caller })
    expect(entries()).toMatchObject([{ who: { kind: 'token', uploader: 'user-7\u009b' } }])
    expect(output.text()).toMatch(/^[\x20-\x7e\n]+$/)
  })

  test('forms for direct uploads, and new tokens', async () => {
    const json = { bytes: 5000, contentType: 'image/jpeg' }
    const { body } = await call('createUpload', { method: 'POST', json })
    await call('createToken', {
      method: 'POST',
      json: { uploader: 'user-7' },
      headers: { authorization: `Bearer ${formatApiKey(key)}` },
    })
    expect(entries()).toMatchObject([
      { act: 'upload.begun', outcome: 'done', images: [body.id] },
      { act: 'token.created', outcome: 'done', who: BY_KEY },
    ])
  })

  test('links that were given out, of one image and of lists, but not a question for one that has none', async () => {
    const ids = [await processed(), await processed()]
    const { body: queued } = await call('uploadImage', { method: 'POST', headers: jpeg, body: photograph })
    await call('getImage', { id: queued.id })
    const { headers } = await call('getImage', { id: ids[0] ?? '' })
    await call('getImage', { id: ids[0] ?? '', headers: { 'if-none-match': String(headers.etag) } })
    await call('listImages', { query: { ids: [...ids, queued.id].join() } })
    expect(entries().slice(1)).toMatchObject([
      { act: 'links.read', outcome: 'done', images: [ids[0]] },
      { act: 'links.read', outcome: 'done', images: ids },
    ])
  })

  test('the attempt to read an image that the app does not have', async () => {
    const id = await processed()
    await call('getImage', { id, app: 'web-app-2' })
    expect(entries()).toMatchObject([
      { act: 'links.read', outcome: 'not-found', app: 'web-app-2', images: [id] },
    ])
  })

  test('an erasure, and one that a credential may not do', async () => {
    const id = await processed()
    await call('eraseImage', { method: 'DELETE', id, caller: { scopes: 'upload read' } })
    await call('eraseImage', { method: 'DELETE', id })
    expect(entries()).toMatchObject([
      { act: 'image.erased', outcome: 'insufficient-scope', images: [id] },
      { act: 'image.erased', outcome: 'done', images: [id], who: BY_KEY, from: FROM },
    ])
  })

  test('the end of an erasure that was interrupted, with the credential that began it', async () => {
    const image = { app, imageId: await processed() }
    const { beginErasure } = await import('@darkroom/bucket')
    const { bucket } = await import('../../services/upload-api/src/clients.ts')
    const erasure = { ...image, request: crypto.randomUUID() }
    await beginErasure(bucket, erasure, 'c0ffee1234567890')
    const [mark = ''] = (await store.storedKeys()).filter((stored) => stored.startsWith('erasing/'))
    await watchImages(watchEvent(store.bucket, mark))
    expect(entries()).toMatchObject([
      {
        act: 'image.erased',
        images: [image.imageId],
        who: { kind: 'watch', credential: 'c0ffee1234567890' },
      },
    ])
    expect((await store.storedKeys()).includes(metadataKey(image))).toBe(true)
  })

  test('credentials that were refused, on every route, with the key that they name; not requests without one', async () => {
    const wrong = formatApiKey({ ...key, secret: newApiKey(app, 'test').secret })
    const { context } = await authorize({
      headers: { authorization: `Bearer ${wrong}` },
    } as unknown as APIGatewayRequestAuthorizerEventV2)
    await send(routes.listImages, { caller: context })
    await send(routes.getImage, { id: newImageId() })
    await send(routes.health, {})
    expect(entries()).toMatchObject([
      { act: 'credential.refused', outcome: 'unknown', who: { credential: key.keyId }, from: FROM },
    ])
  })

  test('Kafka records that were accepted, once, and refused', async () => {
    const record = kafkaRecord({ value: photograph, headers: CLOUD_EVENT })
    await bridgeRecords(kafkaEvent(record))
    await bridgeRecords(
      kafkaEvent(record, { ...kafkaRecord({ value: Buffer.from('no image') }), offset: 17 }),
    )
    expect(entries()).toMatchObject([
      {
        act: 'image.uploaded',
        outcome: 'done',
        app: 'web-app-2',
        images: [expect.any(String)],
        who: { kind: 'topic', topic: record.topic },
        from: { partition: 0, offset: record.offset },
      },
      { act: 'image.uploaded', outcome: 'unsupported-media-type', app: 'web-app-2', from: { offset: 17 } },
    ])
  })

  test('one entry for the records of a storm that are listed for the same reason', async () => {
    const { keptOf } = await import('../../services/kafka-bridge/src/kept-records.ts')
    const { topic } = kafkaRecord({})
    for (let kept = 0; kept < 60; kept++) keptOf(topic, new ProblemError('malformed-request', 'no event'))
    const records = [20, 21].map((offset) => ({ ...kafkaRecord({ value: Buffer.from('no image') }), offset }))
    await bridgeRecords(kafkaEvent(...records))
    expect(entries()).toMatchObject([
      {
        act: 'image.uploaded',
        outcome: 'unsupported-media-type',
        app: 'web-app-2',
        images: [expect.any(String), expect.any(String)],
        who: { kind: 'topic', topic },
        from: { partition: 0, offset: 20 },
        detail: '2 records, the last at offset 21',
      },
    ])
  })
})
