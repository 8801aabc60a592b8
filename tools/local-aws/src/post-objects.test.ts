import { createHash, randomBytes } from 'node:crypto'
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { createPresignedPost, type PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { XMLParser } from 'fast-xml-parser'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { s3For } from './test-clients.ts'

const Bucket = 'posted'
const bytes = Buffer.from('as it came from a page')
const sha256 = createHash('sha256').update(bytes).digest('base64')

let aws: LocalAws
let s3: S3Client
beforeAll(async () => {
  aws = await startLocalAws()
  s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => aws.stop())

const presign = (Key: string, options: Partial<PresignedPostOptions> = {}, client = s3) =>
  createPresignedPost(client, { Bucket, Key, ...options })

type Post = Awaited<ReturnType<typeof presign>>

function formOf({ fields }: Pick<Post, 'fields'>, file: Uint8Array<ArrayBuffer> = bytes): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new File([file], 'IMG_0001.JPG', { type: 'image/jpeg' }))
  return form
}

const send = ({ url }: Post, body: FormData) => fetch(url, { method: 'POST', body })

async function refusalOf(answer: Response) {
  const { Error: error } = new XMLParser().parse(await answer.text())
  return { status: answer.status, code: error.Code, message: error.Message }
}

describe('a presigned POST', () => {
  test('stores bytes, type, metadata and checksum', async () => {
    const options = {
      Fields: {
        'Content-Type': 'image/jpeg',
        'x-amz-meta-app': 'web-app-1',
        'x-amz-checksum-algorithm': 'SHA256',
        'x-amz-checksum-sha256': sha256,
      },
      Conditions: [['content-length-range' as const, 1, 1000]] as PresignedPostOptions['Conditions'] & {},
    }
    const post = await presign('input/web-app-1/whole', options)
    const answer = await send(post, formOf(post))
    expect(answer.status).toBe(204)
    const object = { Bucket, Key: 'input/web-app-1/whole' }
    const got = await s3.send(new GetObjectCommand({ ...object, ChecksumMode: 'ENABLED' }))
    expect(got).toMatchObject({
      ContentType: 'image/jpeg',
      Metadata: { app: 'web-app-1' },
      ChecksumSHA256: sha256,
      ETag: answer.headers.get('etag'),
    })
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(bytes)
  })

  test('exposes the ETag to pages of other origins', async () => {
    const post = await presign('seen')
    const preflight = await fetch(post.url, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    const headers = { origin: 'https://app.example' }
    const answer = await fetch(post.url, { method: 'POST', body: formOf(post), headers })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('access-control-expose-headers')).toContain('ETag')
    expect(answer.headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/)
  })

  test('returns a document if 201 is requested', async () => {
    const post = await presign('created', { Fields: { success_action_status: '201' } })
    const answer = await send(post, formOf(post))
    expect(answer.status).toBe(201)
    const document = await answer.text()
    expect(document).toContain(`<Location>${aws.endpoint}/${Bucket}/created</Location>`)
    expect(document).toContain(`<Key>created</Key>`)
  })

  test("inserts the file's name into the key", async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is S3's
    const post = await presign('named/${filename}')
    expect((await send(post, formOf(post))).status).toBe(204)
    await s3.send(new HeadObjectCommand({ Bucket, Key: 'named/IMG_0001.JPG' }))
  })

  test('accepts 50 MB', async () => {
    const large = randomBytes(50_000_000)
    const post = await presign('large', { Conditions: [['content-length-range', 1, 50_000_000]] })
    expect((await send(post, formOf(post, large))).status).toBe(204)
    const { ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'large' }))
    expect(ETag).toBe(`"${createHash('md5').update(large).digest('hex')}"`)
  })
})

describe('a policy', () => {
  const length = (smallest: number, largest: number): Partial<PresignedPostOptions> => ({
    Conditions: [['content-length-range', smallest, largest]],
  })

  test.each([
    ['too large', length(1, bytes.length - 1), 'EntityTooLarge'],
    ['too small', length(bytes.length + 1, 1000), 'EntityTooSmall'],
  ])('rejects a file that is %s', async (_, options, code) => {
    const post = await presign('length', options)
    expect(await refusalOf(await send(post, formOf(post)))).toMatchObject({ status: 400, code })
  })

  test.each([
    ['takes the smallest', length(bytes.length, 1000)],
    ['takes the largest', length(1, bytes.length)],
  ])('%s', async (_, options) => {
    const post = await presign('length', options)
    expect((await send(post, formOf(post))).status).toBe(204)
  })

  test.each([
    ['key', 'another', '["eq", "$key", "exact"]'],
    ['Content-Type', 'text/html', '["eq", "$Content-Type", "image/png"]'],
    ['x-amz-meta-app', 'web-app-2', '["eq", "$x-amz-meta-app", "web-app-1"]'],
  ])('requires the value of %s', async (field, value, condition) => {
    const post = await presign('exact', {
      Fields: { 'Content-Type': 'image/png', 'x-amz-meta-app': 'web-app-1' },
    })
    const answer = await send(post, formOf({ fields: { ...post.fields, [field]: value } }))
    expect(await refusalOf(answer)).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: `Invalid according to Policy: Policy Condition failed: ${condition}`,
    })
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'exact' }))).rejects.toThrow()
  })

  test('requires every field that it mentions', async () => {
    const post = await presign('missing', { Fields: { 'Content-Type': 'image/png' } })
    const { 'Content-Type': _, ...fields } = post.fields
    expect(await refusalOf(await send(post, formOf({ fields })))).toMatchObject({
      status: 403,
      code: 'AccessDenied',
    })
  })

  test('supports starts-with', async () => {
    const post = await presign('any', { Conditions: [['starts-with', '$Content-Type', 'image/']] })
    const typed = (type: string) => send(post, formOf({ fields: { ...post.fields, 'Content-Type': type } }))
    expect((await typed('image/webp')).status).toBe(204)
    expect(await refusalOf(await typed('text/html'))).toMatchObject({ status: 403, code: 'AccessDenied' })
  })

  test('rejects fields that it does not mention', async () => {
    const post = await presign('extra')
    const answer = await send(post, formOf({ fields: { ...post.fields, 'x-amz-meta-app': 'web-app-2' } }))
    expect(await refusalOf(answer)).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: 'Invalid according to Policy: Extra input fields: x-amz-meta-app',
    })
  })

  test('expires', async () => {
    const post = await presign('late', { Expires: -1 })
    expect(await refusalOf(await send(post, formOf(post)))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: 'Invalid according to Policy: Policy expired.',
    })
  })

  test('cannot be changed after signing', async () => {
    const strict = await presign('signed', length(1, 1))
    const lax = await presign('signed')
    const fields = { ...lax.fields, 'X-Amz-Signature': String(strict.fields['X-Amz-Signature']) }
    expect(await refusalOf(await send(lax, formOf({ fields })))).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
    })
  })

  test('with an unknown access key is rejected', async () => {
    const credentials = { accessKeyId: 'stranger', secretAccessKey: 'local' }
    const stranger = new S3Client({ region: 'us-east-1', endpoint: aws.endpoint, credentials })
    const post = await presign('strange', {}, stranger)
    expect(await refusalOf(await send(post, formOf(post)))).toMatchObject({
      status: 403,
      code: 'InvalidAccessKeyId',
    })
  })

  test('is required', async () => {
    const post = await presign('open')
    const answer = await send(post, formOf({ fields: { key: 'open' } }))
    expect(await refusalOf(answer)).toMatchObject({ status: 403, code: 'AccessDenied' })
  })
})

describe('bytes', () => {
  test('must match the checksum', async () => {
    const post = await presign('digest', { Fields: { 'x-amz-checksum-sha256': sha256 } })
    const answer = await send(post, formOf(post, Buffer.from('other bytes')))
    expect(await refusalOf(answer)).toMatchObject({ status: 400, code: 'BadDigest' })
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'digest' }))).rejects.toThrow()
  })

  test('must be present', async () => {
    const post = await presign('nothing')
    const form = formOf(post)
    form.delete('file')
    expect(await refusalOf(await send(post, form))).toMatchObject({ status: 400, code: 'InvalidArgument' })
  })
})
