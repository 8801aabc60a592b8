import { PutObjectCommand } from '@aws-sdk/client-s3'
import { DeleteQueueCommand } from '@aws-sdk/client-sqs'
import { newImageId } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { openStore } from './testing/open-store.ts'
import { fileOf, formWith, jpeg, png } from './testing/sample-images.ts'
import { send, type TestRequest } from './testing/send.ts'
import { watchEvent } from './testing/watch-event.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint), { strict: { maxBytes: 10 } })
const { handler: uploadImage } = await import('./routes/upload-image.ts')
const { handler: createUpload } = await import('./routes/create-upload.ts')
const { handler: completeUpload } = await import('./routes/complete-upload.ts')
const { handler: watchImages } = await import('./watch/watch-images.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

/** Each test is a minute later, so that an instance may send again. */
let minutes = 0
const now = Date.now
beforeEach(() => {
  minutes += 1
  Date.now = () => now() + minutes * 60_000
})
afterAll(() => {
  Date.now = now
})

const app = 'web-app-1'
const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1'
const post = (request: TestRequest, handler: unknown = uploadImage) =>
  send(handler, { method: 'POST', app, ...request })
const pdf = Buffer.from('%PDF-1.7\n%âãÏÓ\n1 0 obj')

test.each<[string, TestRequest, object]>([
  [
    'a PDF that is declared as a JPEG, in a form',
    { ...(await formWith({ file: fileOf(pdf, 'image/jpeg', 'passport.pdf') })), userAgent: safari },
    {
      refusal_type: 'unsupported-media-type',
      bytes: pdf.length,
      declared_type: 'image/jpeg',
      found_type: 'application/pdf',
      user_agent: 'Safari',
    },
  ],
  [
    'a PNG that is declared as a JPEG, as raw bytes',
    { headers: { 'content-type': 'image/jpeg' }, body: png, userAgent: 'curl/8.5.0' },
    {
      refusal_type: 'type-mismatch',
      bytes: png.length,
      declared_type: 'image/jpeg',
      found_type: 'image/png',
      user_agent: 'curl',
    },
  ],
  [
    'a JPEG without its end, in JSON',
    {
      json: { data: jpeg.subarray(0, -20).toString('base64') },
      headers: { 'content-type': 'application/json' },
    },
    { refusal_type: 'corrupt-image', bytes: jpeg.length - 20, found_type: 'image/jpeg', user_agent: 'other' },
  ],
  [
    'JSON that is none',
    { body: '{', headers: { 'content-type': 'application/json' } },
    { refusal_type: 'malformed-request', user_agent: 'other' },
  ],
  [
    'a media type that is no type',
    { body: png, headers: { 'content-type': 'text/<script>' } },
    { refusal_type: 'unsupported-media-type', user_agent: 'other' },
  ],
  [
    'five megabytes',
    { body: Buffer.alloc(5 * 1024 * 1024), headers: { 'content-type': 'image/webp' } },
    {
      refusal_type: 'payload-too-large',
      bytes: 5 * 1024 * 1024,
      declared_type: 'image/webp',
      user_agent: 'other',
    },
  ],
  [
    'a token without the scope',
    { body: png, headers: { 'content-type': 'image/png' }, caller: { kind: 'token', scopes: 'read' } },
    { refusal_type: 'insufficient-scope', declared_type: 'image/png', user_agent: 'other' },
  ],
])('%s is reported, without its content and name', async (_what, request, expected) => {
  const { status } = await post(request)
  expect(status).toBeGreaterThanOrEqual(400)
  const [event, ...others] = await store.takeRefusals()
  expect(others).toEqual([])
  expect(event).toEqual({
    specversion: '1.0',
    id: expect.any(String),
    source: '/darkroom/upload-api',
    type: 'image.refused.v1',
    time: expect.any(String),
    datacontenttype: 'application/json',
    data: { schema_version: 1, app, origin: 'http', refusals: 1, ...expected },
  })
})

test('a direct upload that is refused before its bytes are sent is reported', async () => {
  const json = { bytes: 11, contentType: 'image/png' }
  expect((await post({ json, app: 'strict' }, createUpload)).status).toBe(413)
  expect(await store.takeRefusals()).toMatchObject([
    { data: { app: 'strict', refusal_type: 'payload-too-large', bytes: 11, declared_type: 'image/png' } },
  ])
})

test.each(['its client', 'the watch queue'])(
  'a direct upload that %s completes and that is refused is reported once',
  async (by) => {
    const json = { bytes: pdf.length, contentType: 'image/png' }
    const { body } = await post({ json }, createUpload)
    const { Key, Metadata, ContentType } = {
      Key: body.key as string,
      ContentType: body.fields['Content-Type'] as string,
      Metadata: Object.fromEntries(
        Object.entries(body.fields as Record<string, string>)
          .filter(([name]) => name.startsWith('x-amz-meta-'))
          .map(([name, value]) => [name.slice('x-amz-meta-'.length), value]),
      ),
    }
    await store.s3.send(new PutObjectCommand({ Bucket: store.bucket, Key, Body: pdf, Metadata, ContentType }))
    if (by === 'its client') {
      expect((await post({ id: body.id }, completeUpload)).status).toBe(415)
      expect((await post({ id: body.id }, completeUpload)).status).toBe(404)
    }
    await watchImages(watchEvent(store.bucket, Key))
    expect(await store.takeRefusals()).toMatchObject([
      {
        data: {
          app,
          refusal_type: 'unsupported-media-type',
          refusals: 1,
          bytes: pdf.length,
          declared_type: 'image/png',
          found_type: 'application/pdf',
        },
      },
    ])
  },
)

test('nothing is reported of an unknown caller, an accepted image, or an upload that has not arrived', async () => {
  await send(uploadImage, { method: 'POST', body: pdf })
  await post({ body: png, headers: { 'content-type': 'image/png' } })
  await post({ id: newImageId() }, completeUpload)
  expect(await store.takeRefusals()).toEqual([])
})

test('what was only counted is sent by a later request', async () => {
  for (let n = 0; n < 8; n++) await post({ body: pdf })
  const first = await store.takeRefusals()
  expect(first.map(({ data }) => data.refusals)).toEqual([1, 1, 1, 1, 1])
  Date.now = () => now() + minutes * 60_000 + 10_000
  expect((await post({ body: png, headers: { 'content-type': 'image/png' } })).status).toBe(202)
  expect(await store.takeRefusals()).toMatchObject([{ data: { refusals: 3, bytes: 3 * pdf.length } }])
})

test('the answer is the same without the queue', async () => {
  await store.sqs.send(
    new DeleteQueueCommand({ QueueUrl: String(process.env.QUEUE_URL).replace(/images$/, 'outcomes') }),
  )
  const { status, body } = await post({ body: pdf })
  expect([status, body.type]).toEqual([415, 'urn:problem-type:darkroom:unsupported-media-type'])
})
