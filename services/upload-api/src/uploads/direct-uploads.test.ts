import { createHash } from 'node:crypto'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import {
  DirectUpload,
  type ImageRef,
  inputKey,
  metadataKey,
  newImageId,
  PART_BYTES,
  Signature,
  toUserMetadata,
  UploadAccepted,
  uploadKey,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { processedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { jpeg, otherJpeg, png } from '../testing/sample-images.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler: createUpload } = await import('../routes/create-upload.ts')
const { handler: signUpload } = await import('../routes/sign-upload.ts')
const { handler: completeUpload } = await import('../routes/complete-upload.ts')
const { handler: getImage } = await import('../routes/get-image.ts')
const clients = await import('../clients.ts')
const { handler: eraseImage } = await import('../routes/erase-image.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})
beforeEach(() => store.takeMessages())

const app = 'web-app-1'
/** A picture with more than two parts: cameras append data to JPEGs too. */
const large = Buffer.concat([jpeg, Buffer.alloc(2 * PART_BYTES)])
const twoParts = large.subarray(0, PART_BYTES + 1)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const create = (body: object, headers: Record<string, string> = {}, from = app) =>
  send(createUpload, {
    method: 'POST',
    path: '/v1/uploads',
    app: from,
    headers: { 'content-type': 'application/json', ...headers },
    json: body,
  })
const sign = (body: object, from = app) =>
  send(signUpload, {
    method: 'POST',
    path: '/v1/uploads/sign',
    app: from,
    headers: { 'content-type': 'application/json' },
    json: body,
  })
const complete = (id: string, from = app, more: Partial<Parameters<typeof send>[1]> = {}) =>
  send(completeUpload, { method: 'POST', path: `/v1/uploads/${id}/complete`, app: from, id, ...more })

/** Like a page: the fields first, then the file. */
async function post({ url, fields = {} }: DirectUpload, bytes: Uint8Array): Promise<number> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new Blob([new Uint8Array(bytes)]))
  return (await fetch(url, { method: 'POST', body: form })).status
}

async function plan(bytes: Uint8Array, more: object = {}, headers = {}): Promise<DirectUpload> {
  const { status, body } = await create({ bytes: bytes.length, contentType: 'image/jpeg', ...more }, headers)
  expect([status, body]).toEqual([201, DirectUpload.parse(body)])
  return body
}

async function uploaded(bytes: Uint8Array, more: object = {}): Promise<DirectUpload> {
  const upload = await plan(bytes, more)
  expect(await post(upload, bytes)).toBe(204)
  return upload
}

async function begin({ url, headers = {} }: DirectUpload): Promise<string> {
  const answer = await fetch(url, { method: 'POST', headers })
  return /<UploadId>(.+)<\/UploadId>/.exec(await answer.text())?.[1] ?? ''
}

async function sendPart({ key }: DirectUpload, uploadId: string, partNumber: number, bytes = large) {
  const { body } = await sign({ method: 'PUT', key, uploadId, partNumber })
  const part = bytes.subarray((partNumber - 1) * PART_BYTES, partNumber * PART_BYTES)
  return fetch(Signature.parse(body).url, { method: 'PUT', body: new Uint8Array(part) })
}

const REUSED = 'urn:problem-type:darkroom:idempotency-key-reused'
const ERASED = 'urn:problem-type:darkroom:erased'
const keysOf = async (id: string) => (await store.storedKeys()).filter((key) => key.includes(id))
const refOf = ({ id: imageId }: { id: string }): ImageRef => ({ app, imageId })

async function unfinishedUploads(): Promise<unknown[]> {
  const list = new ListMultipartUploadsCommand({ Bucket: store.bucket })
  return (await store.s3.send(list)).Uploads ?? []
}

describe('a form upload', () => {
  test('is accepted like any image when it is completed', async () => {
    const attributes = { album: 'coast' }
    const upload = await uploaded(jpeg, { filename: 'é.jpg', attributes, sha256: sha256(jpeg) })
    expect(upload).toMatchObject({ method: 'POST', key: uploadKey({ ...refOf(upload), bytes: jpeg.length }) })
    expect((await send(getImage, { app, id: upload.id })).status).toBe(404)
    const { status, headers, body } = await complete(upload.id)
    expect([status, UploadAccepted.parse(body)]).toEqual([
      202,
      {
        id: upload.id,
        status: 'queued',
        acceptedAt: expect.any(String),
        contentType: 'image/jpeg',
        bytes: jpeg.length,
        sha256: sha256(jpeg),
        links: { self: `/v1/images/${upload.id}` },
      },
    ])
    expect(headers.location).toBe(`/v1/images/${upload.id}`)
    expect(await keysOf(upload.id)).toEqual([inputKey(refOf(upload))])
    expect(await store.takeMessages()).toMatchObject([{ data: { filename: 'é.jpg', attributes } }])
    expect((await send(getImage, { app, id: upload.id })).body).toMatchObject({
      status: 'queued',
      filename: 'é.jpg',
      attributes,
    })
  })

  test('accepts no other size, type or key', async () => {
    const upload = await plan(jpeg)
    expect(await post(upload, Buffer.concat([jpeg, Buffer.of(0)]))).toBe(400)
    expect(await post(upload, jpeg.subarray(1))).toBe(400)
    const fields = upload.fields ?? {}
    for (const change of [
      { 'Content-Type': 'image/png' },
      { key: `${upload.key}0` },
      { 'x-amz-meta-app': 'x' },
    ]) {
      expect(await post({ ...upload, fields: { ...fields, ...change } }, jpeg)).toBe(403)
    }
    expect(await keysOf(upload.id)).toEqual([])
  })

  test('can be completed repeatedly and in parallel', async () => {
    const upload = await uploaded(jpeg)
    const answers = await Promise.all(Array.from({ length: 8 }, () => complete(upload.id)))
    answers.push(await complete(upload.id))
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1)
    expect(answers.filter(({ headers }) => !headers['idempotency-replayed'])).toHaveLength(1)
    expect(answers[0]?.status).toBe(202)
    expect(await keysOf(upload.id)).toEqual([inputKey(refOf(upload))])
  })

  test('can be completed again when the image is finished and its original was deleted', async () => {
    const image = { app, imageId: newImageId() }
    await store.putDocument(processedDocument(image))
    const { status, headers, body } = await complete(image.imageId)
    expect([status, headers['idempotency-replayed'], body.id]).toEqual([202, 'true', image.imageId])
    expect(await store.takeMessages()).toEqual([])
  })

  test('that is sent again after completion changes nothing', async () => {
    const upload = await uploaded(jpeg)
    const first = await complete(upload.id)
    expect(await post(upload, jpeg)).toBe(204)
    expect((await complete(upload.id)).body).toEqual(first.body)
    expect((await complete(upload.id)).body).toEqual(first.body)
  })

  const trailing = Buffer.concat([jpeg, Buffer.of(0)])

  test.each<[string, Uint8Array, object, [planned: number, completed: number]]>([
    ['other bytes', trailing, {}, [422, 422]],
    ['other bytes of the same length', otherJpeg, {}, [201, 422]],
    ['another hash', otherJpeg, { sha256: sha256(otherJpeg) }, [422, 422]],
    ['another file name', jpeg, { filename: 'b.jpg' }, [422, 422]],
    ['other attributes', jpeg, { attributes: { album: 'b' } }, [422, 422]],
  ])('cannot be sent with %s once it is accepted', async (_what, bytes, change, statuses) => {
    const key = { 'idempotency-key': newImageId() }
    const details = { filename: 'a.jpg', attributes: { album: 'a' } }
    const [first, other] = [await plan(jpeg, details, key), await plan(bytes, { ...details, ...change }, key)]
    expect(await post(first, jpeg)).toBe(204)
    const accepted = await complete(first.id)
    expect(accepted.status).toBe(202)
    const body = { bytes: jpeg.length, contentType: 'image/jpeg', ...details }
    const planned = await create({ ...body, bytes: bytes.length, ...change }, key)
    await post(other, bytes)
    const completed = await complete(first.id)
    expect([planned.status, completed.status]).toEqual(statuses)
    for (const answer of [planned, completed]) expect([undefined, REUSED]).toContain(answer.body.type)
    expect(await keysOf(first.id)).toEqual([inputKey(refOf(first))])
    const again = await create(body, key)
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([201, 'true'])
    expect(await post(again.body, jpeg)).toBe(204)
    expect(await complete(first.id)).toMatchObject({
      headers: { 'idempotency-replayed': 'true' },
      body: accepted.body,
    })
  })

  test('of an erased image is 410 at every step, and what was sent for it is deleted', async () => {
    const upload = await uploaded(jpeg)
    const planned = await plan(jpeg, {}, { 'idempotency-key': upload.id })
    expect((await complete(upload.id)).status).toBe(202)
    expect((await send(eraseImage, { method: 'DELETE', app, id: upload.id })).status).toBe(200)
    const refused = await create(
      { bytes: jpeg.length, contentType: 'image/jpeg' },
      { 'idempotency-key': upload.id },
    )
    expect([refused.status, refused.body.type]).toEqual([410, ERASED])
    expect(await post(planned, jpeg)).toBe(204)
    for (const answer of [await complete(upload.id), await complete(upload.id)]) {
      expect([answer.status, answer.body.type]).toEqual([410, ERASED])
    }
    expect(await keysOf(upload.id)).toEqual([metadataKey(refOf(upload))])
    await store.remove(metadataKey(refOf(upload)))
  })

  test('of an image past its retention is 410', async () => {
    const imageId = newImageId(new Date(Date.now() - 10 * 86_400_000))
    await store.put(uploadKey({ app: 'fleeting', imageId, bytes: jpeg.length }), jpeg)
    await store.putDocument(processedDocument({ app: 'fleeting', imageId }))
    const answer = await complete(imageId, 'fleeting')
    expect([answer.status, answer.body.type]).toEqual([410, 'urn:problem-type:darkroom:expired-by-retention'])
    const kept = metadataKey({ app: 'fleeting', imageId })
    expect(await keysOf(imageId)).toEqual([kept])
    await store.remove(kept)
  })

  test('that was completed late is kept from then on', async () => {
    const imageId = newImageId(new Date(Date.now() - 2 * 86_400_000))
    const sent = toUserMetadata({ app: 'fleeting', origin: { kind: 'http' }, attributes: {} })
    await store.put(uploadKey({ app: 'fleeting', imageId, bytes: jpeg.length }), jpeg, { Metadata: sent })
    const { status, body } = await complete(imageId, 'fleeting')
    expect(await store.takeMessages()).toMatchObject([{ subject: imageId }])
    expect([status, Date.now() - Date.parse(body.acceptedAt) < 60_000]).toEqual([202, true])
    await store.remove(inputKey({ app: 'fleeting', imageId }))
  })

  test.each([
    ['a PNG declared as JPEG', png, {}, 415, 'type-mismatch'],
    ['text', Buffer.from('no image'), {}, 415, 'unsupported-media-type'],
    ['a truncated JPEG', jpeg.subarray(0, -20), {}, 422, 'corrupt-image'],
    [
      'bytes that do not match the declared hash',
      jpeg,
      { sha256: 'ab'.repeat(32) },
      400,
      'checksum-mismatch',
    ],
  ])('of %s is refused with the reason, and deleted', async (_, bytes, more, status, slug) => {
    const upload = await uploaded(bytes, more)
    const refused = await complete(upload.id)
    expect([refused.status, refused.body.type]).toEqual([status, `urn:problem-type:darkroom:${slug}`])
    expect(await keysOf(upload.id)).toEqual([])
    expect((await complete(upload.id)).status).toBe(404)
    expect(await store.takeMessages()).toEqual([])
  })

  test('that was never sent, or is of another app, cannot be completed', async () => {
    const never = await plan(jpeg)
    expect((await complete(never.id)).body.detail).toMatch(/never sent.*POST \/v1\/uploads/)
    const upload = await uploaded(jpeg)
    expect((await complete(upload.id, 'web-app-2')).status).toBe(404)
    expect((await complete('nonsense')).status).toBe(404)
    expect((await complete(upload.id)).status).toBe(202)
  })
})

describe('a multipart upload', () => {
  test('is completed from its parts', async () => {
    const upload = await plan(large, { multipart: true, filename: 'large.jpg' })
    expect(upload).toMatchObject({ partBytes: PART_BYTES })
    const uploadId = await begin(upload)
    for (const number of [3, 1]) expect((await sendPart(upload, uploadId, number)).status).toBe(200)
    const early = await complete(upload.id)
    expect([early.status, early.body.detail]).toEqual([409, expect.stringMatching(/^Only 2 of 3 parts/)])
    expect((await sendPart(upload, uploadId, 2)).status).toBe(200)
    const answers = await Promise.all([complete(upload.id), complete(upload.id)])
    for (const { status, body } of answers) {
      expect([status, body.bytes, body.sha256]).toEqual([202, large.length, sha256(large)])
    }
    expect(await keysOf(upload.id)).toEqual([inputKey(refOf(upload))])
    expect(await unfinishedUploads()).toEqual([])
    expect((await send(getImage, { app, id: upload.id })).body.filename).toBe('large.jpg')
  })

  const alice = { kind: 'token', uploader: 'alice', scopes: 'upload' } as const
  test.each([
    ['a key', 'ListMultipartUploadsCommand', {}],
    ['a key', 'ListPartsCommand', {}],
    ['a token', 'ListMultipartUploadsCommand', { caller: alice }],
    ['a token', 'ListPartsCommand', { caller: alice }],
  ])(
    'that %s completes is accepted if another request completes it at S3 just before %s',
    async (_, command, more) => {
      const upload = await plan(twoParts, { multipart: true, uploader: 'alice' })
      const uploadId = await begin(upload)
      for (const number of [1, 2]) await sendPart(upload, uploadId, number, twoParts)
      const list = { method: 'GET', key: upload.key, uploadId }
      const { url } = Signature.parse((await sign(list)).body)
      const { url: finish } = Signature.parse((await sign({ ...list, method: 'POST' })).body)
      const etags = [...(await (await fetch(url)).text()).matchAll(/<ETag>(.+?)<\/ETag>/g)]
      const parts = etags.map(([etag], n) => `<Part><PartNumber>${n + 1}</PartNumber>${etag}</Part>`).join('')
      let isPending = true
      clients.bucket.s3.middlewareStack.add(
        (next, { commandName }) =>
          async (step) => {
            if (commandName === command && isPending) {
              isPending = false
              const body = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`
              expect((await fetch(finish, { method: 'POST', body })).status).toBe(200)
            }
            return next(step)
          },
        { step: 'initialize', name: 'finish' },
      )
      const { status, body } = await complete(upload.id, app, more)
      clients.bucket.s3.middlewareStack.remove('finish')
      expect([status, body.sha256, isPending]).toEqual([202, sha256(twoParts), false])
    },
  )

  test('can be resumed by any client with its key', async () => {
    const key = { 'idempotency-key': newImageId() }
    const first = await plan(large, { multipart: true }, key)
    expect(first.begun).toBeUndefined()
    const uploadId = await begin(first)
    const etag = (await sendPart(first, uploadId, 2)).headers.get('etag')
    const again = await plan(large, { multipart: true }, key)
    expect(again.begun).toEqual({ uploadId, parts: [{ partNumber: 2, bytes: PART_BYTES, etag }] })
    const other = await plan(Buffer.alloc(12_000_000), { multipart: true }, key)
    expect(other.begun).toBeUndefined()
    for (const number of [1, 3]) await sendPart(first, uploadId, number)
    expect((await complete(first.id)).status).toBe(202)
  })

  test('can be listed, completed and aborted at S3 with signed URLs', async () => {
    const upload = await plan(twoParts, { multipart: true })
    const { key } = upload
    const uploadId = await begin(upload)
    const etags = []
    for (const number of [1, 2])
      etags.push((await sendPart(upload, uploadId, number, twoParts)).headers.get('etag'))
    const ask = async (method: string, body?: string) => {
      const { url } = Signature.parse((await sign({ method, key, uploadId })).body)
      return fetch(url, { method, ...(body && { body }) })
    }
    expect(await (await ask('GET')).text()).toMatch(/<PartNumber>2<\/PartNumber>/)
    const parts = etags.map((etag, n) => `<Part><PartNumber>${n + 1}</PartNumber><ETag>${etag}</ETag></Part>`)
    const document = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
    expect((await ask('POST', document)).status).toBe(200)
    expect((await complete(upload.id)).status).toBe(202)

    const dropped = await plan(twoParts, { multipart: true })
    const droppedId = await begin(dropped)
    await sendPart(dropped, droppedId, 2, twoParts)
    const { url } = Signature.parse(
      (await sign({ method: 'DELETE', key: dropped.key, uploadId: droppedId })).body,
    )
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
    expect(await unfinishedUploads()).toEqual([])
    expect((await complete(dropped.id)).status).toBe(404)
  })

  test('that was completed at S3 with too few parts is refused and deleted', async () => {
    const upload = await plan(twoParts, { multipart: true })
    const uploadId = await begin(upload)
    const etag = (await sendPart(upload, uploadId, 1, twoParts)).headers.get('etag')
    const { url } = Signature.parse((await sign({ method: 'POST', key: upload.key, uploadId })).body)
    const document = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
    await fetch(url, { method: 'POST', body: document })
    const refused = await complete(upload.id)
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      `Only ${PART_BYTES} of ${twoParts.length} bytes have arrived. Upload the image again.`,
    ])
    expect(await keysOf(upload.id)).toEqual([])
  })

  test('has each part signed with its length', async () => {
    const { key } = await plan(large, { multipart: true })
    const signed = async (partNumber: number) => sign({ method: 'PUT', key, uploadId: 'u', partNumber })
    const { url } = Signature.parse((await signed(1)).body)
    expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;host')
    expect(url).not.toContain('checksum')
    for (const number of [4, 0]) expect((await signed(number)).status).toBe(400)
    const foreign = uploadKey({ app: 'web-app-2', imageId: newImageId(), bytes: 10 })
    const tooLarge = uploadKey({ app, imageId: newImageId(), bytes: 10 ** 9 })
    const original = inputKey({ app, imageId: newImageId() })
    for (const wrong of [foreign, tooLarge, original, 'x']) {
      const answer = await sign({ method: 'PUT', key: wrong, uploadId: 'u', partNumber: 1 })
      expect([wrong, answer.status]).toEqual([wrong, 404])
    }
  })
})

describe('is refused before a byte is sent', () => {
  const valid = { bytes: 10, contentType: 'image/jpeg' }

  test.each([
    [
      'more than 50 MB',
      { ...valid, bytes: 50 * 1024 * 1024 + 1 },
      413,
      '52428801 bytes; the limit is 52428800',
    ],
    ['no bytes', { ...valid, bytes: 0 }, 400, 'body.bytes'],
    ['a text', { ...valid, contentType: 'text/plain' }, 415, 'JPEG, PNG'],
    ['a video', { ...valid, contentType: 'video/mp4' }, 415, 'contentType is video/mp4'],
    ['an SVG', { ...valid, contentType: 'image/svg+xml' }, 415, 'contentType is image/svg+xml'],
    ['a HEIC', { ...valid, contentType: 'image/heic' }, 415, 'contentType is image/heic'],
    ['a media type with a line break', { ...valid, contentType: 'image/png\nx' }, 415, 'contentType'],
    ['no size', { contentType: 'image/jpeg' }, 400, 'body.bytes'],
    ['an unknown field', { ...valid, size: 10 }, 400, 'size'],
    ['bad attributes', { ...valid, attributes: { A: 'b' } }, 400, 'must have a key'],
  ])('%s', async (_, body, status, words) => {
    const refused = await create(body)
    expect([refused.status, refused.body.detail]).toEqual([status, expect.stringContaining(words)])
  })

  test.each([
    ['Image/JPEG ; q=1', 'image/jpeg'],
    ['image/jpg', 'image/jpeg'],
    ['image/*', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])('but not of type %j, which is stored as %s', async (contentType, stored) => {
    const { status, body } = await create({ ...valid, contentType })
    expect([status, body.fields?.['Content-Type']]).toEqual([201, stored])
  })

  test('a caller without a credential, and a key that is too old', async () => {
    const nobody = await send(createUpload, { method: 'POST', path: '/v1/uploads', json: valid })
    expect(nobody.status).toBe(401)
    const old = newImageId(new Date(Date.now() - 25 * 3_600_000))
    expect((await create(valid, { 'idempotency-key': old })).status).toBe(400)
  })
})

test('no upload has written a document', async () => {
  const documents = (await store.storedKeys()).filter((key) => key.startsWith('metadata/'))
  expect(documents).toHaveLength(1)
  expect(documents[0]).toBe(metadataKey({ app, imageId: documents[0]?.slice(-41, -5) ?? '' }))
})
