import { createHash } from 'node:crypto'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { fromUserMetadata, inputKey, newImageId, timeOf, UploadAccepted } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals'
import { openStore } from '../testing/open-store.ts'
import { fileOf, formWith, jpeg, otherJpeg, png } from '../testing/sample-images.ts'
import { type Answer, send, type TestRequest } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./upload-image.ts')
const { handler: eraseImage } = await import('./erase-image.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})
afterEach(() => store.takeMessages())

const upload = (request: TestRequest): Promise<Answer> =>
  send(handler, { method: 'POST', app: 'web-app-1', ...request })
const rawJpeg = { headers: { 'content-type': 'image/jpeg' }, body: jpeg }
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const form = await formWith({ file: fileOf(jpeg) })
const formWithoutType = await formWith({ file: fileOf(jpeg, '') })
const formWithDetails = await formWith({
  file: fileOf(jpeg, 'image/jpeg', 'Été 1.jpg'),
  attributes: '{"album":"été"}',
})
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

async function stored(imageId: string, app = 'web-app-1') {
  const object = await store.s3.send(
    new GetObjectCommand({ Bucket: store.bucket, Key: inputKey({ app, imageId }) }),
  )
  return {
    bytes: Buffer.from((await object.Body?.transformToByteArray()) ?? []),
    contentType: object.ContentType,
    ...fromUserMetadata(object.Metadata, { app, imageId }),
  }
}

describe('an image is accepted', () => {
  const base64 = jpeg.toString('base64')
  const json = JSON.stringify({ data: base64 })
  const typed = (type: string) => ({ 'content-type': type })

  test.each<[string, TestRequest]>([
    ['JSON', { headers: typed('application/json'), body: json }],
    ['JSON with a charset', { headers: typed('Application/JSON; charset=utf-8'), body: json }],
    ['JSON in base64 by the gateway', { headers: typed('application/json'), body: Buffer.from(json) }],
    ['JSON with a suffix', { headers: typed('application/vnd.darkroom+json'), body: json }],
    ['a form', form],
    ['a form with a file without a type', formWithoutType],
    ['raw bytes with their type', rawJpeg],
    ['raw bytes as image/jpg', { headers: typed('image/jpg'), body: jpeg }],
    ['raw bytes as any image', { headers: typed('image/*'), body: jpeg }],
    ['raw bytes as application/octet-stream', { headers: typed('application/octet-stream'), body: jpeg }],
    ['raw bytes without a type', { body: jpeg }],
    ['raw bytes with an empty type', { headers: typed(''), body: jpeg }],
    ['raw bytes with a parameter of the type', { headers: typed('Image/JPEG ; q=1'), body: jpeg }],
    [
      'bytes that are not encoded',
      { headers: { ...typed('image/jpeg'), 'content-encoding': 'identity' }, body: jpeg },
    ],
  ])('as %s, with the same result', async (_form, request) => {
    const { status, headers, body } = await upload(request)
    expect([status, headers]).toMatchObject([
      202,
      { 'content-type': 'application/json', location: body.links.self, 'retry-after': 1 },
    ])
    expect(headers).not.toHaveProperty('idempotency-replayed')
    expect(UploadAccepted.strict().parse(body)).toEqual(body)
    expect(body).toMatchObject({
      status: 'queued',
      contentType: 'image/jpeg',
      bytes: jpeg.length,
      sha256: sha256(jpeg),
      links: { self: `/v1/images/${body.id}` },
    })
    expect(Math.abs(Date.now() - timeOf(body.id).getTime())).toBeLessThan(10_000)

    const object = await stored(body.id)
    expect(object).toMatchObject({ contentType: 'image/jpeg', acceptedAt: body.acceptedAt, app: 'web-app-1' })
    expect(object.bytes.equals(jpeg)).toBe(true)
    expect(await store.takeMessages()).toMatchObject([
      { subject: body.id, source: '/darkroom/upload-api', data: { origin: { kind: 'http' } } },
    ])
  })

  test.each<[string, TestRequest]>([
    [
      'JSON',
      {
        headers: typed('application/json'),
        body: JSON.stringify({ data: base64, filename: '/tmp/Été 1.jpg', attributes: { album: 'été' } }),
      },
    ],
    ['a form', formWithDetails],
  ])('with the filename and attributes of %s', async (_form, request) => {
    const { body } = await upload(request)
    const details = { filename: 'Été 1.jpg', attributes: { album: 'été' } }
    expect(await stored(body.id)).toMatchObject(details)
    expect(await store.takeMessages()).toMatchObject([{ data: details }])
  })

  test('with text of any characters, which reaches the message as it was sent', async () => {
    const attributes = { note: '🌊 \0\u0001\ufffe\uffff\u{10ffff}' }
    const json = { data: base64, filename: '👩\u200d👧 🌊.jpg', attributes }
    const { status, body } = await upload({ headers: typed('application/json'), json })
    expect(status).toBe(202)
    expect(await stored(body.id)).toMatchObject({ filename: json.filename, attributes })
    expect(await store.takeMessages()).toMatchObject([{ data: { filename: json.filename, attributes } }])
  })

  test('with the filename in the query of raw bytes', async () => {
    const { body } = await upload({ ...rawJpeg, query: { filename: 'C:\\photos\\Été 1.jpg' } })
    expect(await stored(body.id)).toMatchObject({ filename: 'Été 1.jpg', attributes: {} })
  })

  test.each(['', '/', '\u0000'])('without its filename if that is invalid: %j', async (filename) => {
    const { status, body } = await upload({ ...rawJpeg, query: { filename } })
    expect(status).toBe(202)
    expect(await stored(body.id)).not.toHaveProperty('filename')
  })

  test('with its traceparent', async () => {
    const { logger } = await import('../logger.ts')
    const info = jest.spyOn(logger, 'info')
    const { body } = await upload({ ...rawJpeg, headers: { ...rawJpeg.headers, traceparent } })
    expect(await stored(body.id)).toMatchObject({ traceparent })
    expect(await store.takeMessages()).toMatchObject([{ traceparent }])
    const traceId = traceparent.split('-')[1]
    expect(info.mock.lastCall).toMatchObject([expect.anything(), { imageId: body.id, traceId }])
  })

  test('without its traceparent if that is invalid', async () => {
    const { status, body } = await upload({ ...rawJpeg, headers: { ...rawJpeg.headers, traceparent: 'x y' } })
    expect(status).toBe(202)
    expect(await stored(body.id)).not.toHaveProperty('traceparent')
  })

  test('with a correct digest, whatever else is in Repr-Digest', async () => {
    const digest = createHash('sha256').update(jpeg).digest('base64')
    const long = createHash('sha512').update(jpeg).digest('base64')
    for (const header of [`sha-256=:${digest}:`, `md5=:AAAA:, sha-256=:${digest}:`, `sha-512=:${long}:`]) {
      const headers = { ...rawJpeg.headers, 'repr-digest': header }
      expect([header, (await upload({ ...rawJpeg, headers })).status]).toEqual([header, 202])
    }
  })

  test('of exactly 4 MB', async () => {
    const bytes = Buffer.concat([jpeg, Buffer.alloc(4 * 1024 * 1024 - jpeg.length)])
    expect((await upload({ ...rawJpeg, body: bytes })).body).toMatchObject({ bytes: 4 * 1024 * 1024 })
  })

  test('for the app of the credential only', async () => {
    const { body } = await upload({ ...rawJpeg, app: 'web-app-2' })
    expect(await stored(body.id, 'web-app-2')).toMatchObject({ app: 'web-app-2' })
    await expect(stored(body.id, 'web-app-1')).rejects.toHaveProperty('name', 'NoSuchKey')
  })
})

describe('an Idempotency-Key', () => {
  const withKey = (key: string, body = jpeg, type = 'image/jpeg') =>
    upload({ headers: { 'content-type': type, 'idempotency-key': key }, body })

  test('becomes the id, and a repetition gets the same answer', async () => {
    const key = newImageId()
    const first = await withKey(key)
    expect(first).toMatchObject({ status: 202, body: { id: key } })
    expect(first.headers).not.toHaveProperty('idempotency-replayed')
    const second = await withKey(key)
    expect(second).toMatchObject({ status: 202, headers: { 'idempotency-replayed': 'true' } })
    expect(second.body).toEqual(first.body)
  })

  const data = jpeg.toString('base64')
  const longName = `${'写'.repeat(80)}.jpg`
  const manyAttributes = { a: 'x'.repeat(256), b: 'x'.repeat(256), c: 'x'.repeat(256), d: 'x'.repeat(200) }
  const jsonWithKey = (key: string, json: object) =>
    upload({ headers: { 'content-type': 'application/json', 'idempotency-key': key }, json })

  test.each<[string, object]>([
    ['a file name', { filename: 'IMG_0001.JPG' }],
    ['attributes', { attributes: { album: 'été', '10': '🌊\uffff' } }],
    ['all that fits', { filename: longName, attributes: manyAttributes }],
  ])('can be repeated with %s, also in parallel', async (_what, details) => {
    const key = newImageId()
    const answers = await Promise.all([1, 2, 3].map(() => jsonWithKey(key, { data, ...details })))
    answers.push(await jsonWithKey(key, { data, ...details }))
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202])
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(3)
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body)
  })

  test('can be repeated in another form, with attributes in another order', async () => {
    const key = newImageId()
    const attributes = { album: 'coast', roll: '7' }
    const { body } = await jsonWithKey(key, { data, filename: 'IMG_0001.JPG', attributes })
    const again = await formWith({ file: fileOf(jpeg), attributes: '{"roll":"7","album":"coast"}' })
    const headers = { ...again.headers, 'idempotency-key': key }
    expect(await upload({ ...again, headers })).toMatchObject({
      status: 202,
      headers: { 'idempotency-replayed': 'true' },
      body,
    })
  })

  test.each<[string, object]>([
    ['other bytes', { data: otherJpeg.toString('base64') }],
    ['another file name', { filename: 'IMG_0002.JPG' }],
    ['no file name', { filename: undefined }],
    ['another attribute', { attributes: { album: 'coast', roll: '8' } }],
    ['fewer attributes', { attributes: { album: 'coast' } }],
    ['no attributes', { attributes: undefined }],
  ])('cannot be used again with %s', async (_what, change) => {
    const key = newImageId()
    const first = { data, filename: 'IMG_0001.JPG', attributes: { album: 'coast', roll: '7' } }
    await jsonWithKey(key, first)
    const { status, body } = await jsonWithKey(key, { ...first, ...change })
    expect([status, body.type]).toEqual([422, 'urn:problem-type:darkroom:idempotency-key-reused'])
    expect(body.detail).toMatch(/already accepted.*Use a new Idempotency-Key/)
    expect(await stored(key)).toMatchObject({
      bytes: jpeg,
      filename: 'IMG_0001.JPG',
      attributes: first.attributes,
    })
  })

  test('of an erased image is 410, and nothing is stored again', async () => {
    const key = newImageId()
    await withKey(key)
    expect((await send(eraseImage, { method: 'DELETE', app: 'web-app-1', id: key })).status).toBe(200)
    for (const body of [jpeg, otherJpeg]) {
      const { status, body: problem } = await withKey(key, body)
      expect([status, problem.type]).toEqual([410, 'urn:problem-type:darkroom:erased'])
    }
    await expect(stored(key)).rejects.toHaveProperty('name', 'NoSuchKey')
  })

  test('of another app that has erased its image is a new image', async () => {
    const key = newImageId()
    await withKey(key)
    await send(eraseImage, { method: 'DELETE', app: 'web-app-1', id: key })
    const headers = { 'content-type': 'image/jpeg', 'idempotency-key': key }
    expect((await upload({ headers, body: jpeg, app: 'web-app-2' })).status).toBe(202)
  })

  test('can be used by another app too', async () => {
    const key = newImageId()
    await withKey(key)
    const headers = { 'content-type': 'image/png', 'idempotency-key': key }
    const { status, headers: answered } = await upload({ app: 'web-app-2', headers, body: png })
    expect(status).toBe(202)
    expect(answered).not.toHaveProperty('idempotency-replayed')
  })

  test.each<[string, (key: string) => string]>([
    ['in upper case', (key) => key.toUpperCase()],
    ['as a structured-field string', (key) => `"${key}"`],
    ['with spaces around', (key) => ` ${key} `],
  ])('can be written %s', async (_how, write) => {
    const key = newImageId()
    expect(await withKey(write(key))).toMatchObject({ status: 202, body: { id: key } })
  })

  test.each([-23.9 * 3_600_000, 4 * 60_000])('may differ from now by %p ms', async (milliseconds) => {
    const key = newImageId(new Date(Date.now() + milliseconds))
    expect(await withKey(key)).toMatchObject({ status: 202, body: { id: key } })
  })
})

describe('for an app with deduplication', () => {
  const app = 'thrifty' // testing/open-store.ts

  test('the same bytes are answered by the earlier image, even with other metadata', async () => {
    const { body: first } = await upload({ ...rawJpeg, app })
    const { status, headers, body } = await upload({
      ...formWithDetails,
      app,
      headers: { ...formWithDetails.headers, 'idempotency-key': newImageId() },
    })
    expect(status).toBe(202)
    expect(UploadAccepted.strict().parse(body)).toEqual(body)
    expect(body).toEqual({ ...first, duplicate: true })
    expect(headers.location).toBe(`/v1/images/${first.id}`)
    expect(headers).not.toHaveProperty('idempotency-replayed')
    expect(await store.takeMessages()).toHaveLength(1)
  })

  test('a declared type that does not match the bytes is still refused', async () => {
    await upload({ ...rawJpeg, app })
    const { status } = await upload({ headers: { 'content-type': 'image/png' }, body: jpeg, app })
    expect(status).toBe(415)
  })
})
