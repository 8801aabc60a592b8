import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { signedHeaders } from './signatures.ts'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { s3For, signed } from './test-clients.ts'

const Bucket = 'presigned'
const object = { Bucket, Key: "input/a b+ü'(1)*!.jpg" }
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

let aws: LocalAws
let s3: S3Client
beforeAll(async () => {
  aws = await startLocalAws()
  s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(new PutObjectCommand({ ...object, Body: 'stored' }))
})
afterAll(() => aws.stop())

const signedGet = (more: object = {}) =>
  getSignedUrl(s3, new GetObjectCommand({ ...object, ...more }), { expiresIn: 600 })

/** The status and S3's code for an error. */
async function ask(
  url: string,
  request: RequestInit = {},
): Promise<[status: number, code: string | undefined]> {
  const answer = await fetch(url, request)
  const text = await answer.text()
  if (!answer.ok) expect(answer.headers.get('content-type')).toContain('application/xml')
  return [answer.status, /<Code>(\w+)<\/Code>/.exec(text)?.[1]]
}

function changed(url: string, change: (url: URL) => void): string {
  const copy = new URL(url)
  change(copy)
  return copy.href
}

describe('a presigned URL', () => {
  test('works as it was signed, by GET, with overrides of the answer, and by HEAD if signed for it', async () => {
    expect(await ask(await signedGet())).toEqual([200, undefined])
    expect(
      await ask(await signedGet({ ResponseContentType: 'text/x', ResponseCacheControl: 'a, b' })),
    ).toEqual([200, undefined])
    const head = await getSignedUrl(s3, new HeadObjectCommand(object))
    expect((await fetch(head, { method: 'HEAD' })).status).toBe(200)
    const list = await getSignedUrl(s3, new ListObjectsV2Command({ Bucket, Prefix: 'input/', MaxKeys: 2 }))
    expect(await ask(list)).toEqual([200, undefined])
  })

  test('expires', async () => {
    const signed = (command: PutObjectCommand | GetObjectCommand, age: number) =>
      getSignedUrl(s3, command, { expiresIn: 600, signingDate: minutesAgo(age) })
    const put = new PutObjectCommand({ Bucket, Key: 'timed' })
    expect(await ask(await signed(put, 9), { method: 'PUT', body: 'in time' })).toEqual([200, undefined])
    expect(await ask(await signed(put, 11), { method: 'PUT', body: 'late' })).toEqual([403, 'AccessDenied'])
    const late = await fetch(await signed(new GetObjectCommand(object), 11))
    expect(await late.text()).toContain('<Message>Request has expired</Message>')
  })

  const setting = (name: string, value: string) => (url: URL) => url.searchParams.set(name, value)

  test.each<[string, (url: URL) => void, string]>([
    ['a wrong signature', setting('X-Amz-Signature', 'ab'.repeat(32)), 'SignatureDoesNotMatch'],
    ['no signature', (url) => url.searchParams.delete('X-Amz-Signature'), 'AccessDenied'],
    [
      'no query',
      (url) => {
        url.search = ''
      },
      'AccessDenied',
    ],
    ['a later end', setting('X-Amz-Expires', '86400'), 'SignatureDoesNotMatch'],
    [
      'another key',
      (url) => {
        url.pathname = `/${Bucket}/input/other`
      },
      'SignatureDoesNotMatch',
    ],
    ['a further parameter', setting('response-content-type', 'text/html'), 'SignatureDoesNotMatch'],
    ['other signed headers', setting('X-Amz-SignedHeaders', ''), 'SignatureDoesNotMatch'],
    [
      'another access key',
      setting('X-Amz-Credential', 'other/20260101/us-east-1/s3/aws4_request'),
      'InvalidAccessKeyId',
    ],
    [
      'another region',
      setting(
        'X-Amz-Credential',
        `local/${new Date().toISOString().slice(0, 10).replaceAll('-', '')}/eu-west-1/s3/aws4_request`,
      ),
      'SignatureDoesNotMatch',
    ],
  ])('is 403 with %s', async (_what, change, code) => {
    expect(await ask(changed(await signedGet(), change))).toEqual([403, code])
  })

  test.each(['DELETE', 'PUT', 'POST'])('of a GET is 403 for %s', async (method) => {
    expect(await ask(await signedGet(), { method })).toEqual([403, 'SignatureDoesNotMatch'])
    expect(await ask(await signedGet())).toEqual([200, undefined])
  })

  test.each([
    ['X-Amz-Date', '2026'],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA1'],
    ['X-Amz-Expires', '604801'],
    ['X-Amz-Expires', 'soon'],
  ])('is 400 with %s=%s, and without it', async (name, value) => {
    const url = await signedGet()
    const expected = [400, 'AuthorizationQueryParametersError']
    expect(await ask(changed(url, setting(name, value)))).toEqual(expected)
    expect(await ask(changed(url, ({ searchParams }) => searchParams.delete(name)))).toEqual(expected)
  })

  test('signed by other credentials is 403', async () => {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'other' }
    const other = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials })
    expect(await ask(await getSignedUrl(other, new GetObjectCommand(object)))).toEqual([
      403,
      'SignatureDoesNotMatch',
    ])
  })

  test('may be read by a page, and so may its refusal', async () => {
    for (const url of [await signedGet(), `${aws.endpoint}/${Bucket}/x`]) {
      const answer = await fetch(url, { headers: { origin: 'http://page.example' } })
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    }
  })
})

test('a signed Content-Type, Content-Length and metadata must be sent, and no other metadata', async () => {
  const put = new PutObjectCommand({
    Bucket,
    Key: 'typed',
    ContentType: 'image/jpeg',
    ContentLength: 4,
    Metadata: { app: 'a' },
  })
  const url = await getSignedUrl(s3, put, {
    signableHeaders: new Set(['content-type', 'content-length']),
    unhoistableHeaders: new Set(['x-amz-meta-app']),
  })
  const headers = { 'content-type': 'image/jpeg', 'x-amz-meta-app': 'a' }
  const send = (change: object, body = '1234') =>
    ask(url, { method: 'PUT', headers: { ...headers, ...change }, body })
  expect(await send({}, '12345')).toEqual([403, 'SignatureDoesNotMatch'])
  expect(await send({}, '123')).toEqual([403, 'SignatureDoesNotMatch'])
  expect(await send({ 'content-type': 'image/png' })).toEqual([403, 'SignatureDoesNotMatch'])
  expect(await send({ 'x-amz-meta-app': 'b' })).toEqual([403, 'SignatureDoesNotMatch'])
  expect(await send({ 'x-amz-meta-more': 'c' })).toEqual([403, 'AccessDenied'])
  expect(await send({})).toEqual([200, undefined])
})

test('the requests of a multipart upload are checked one by one', async () => {
  const upload = { Bucket, Key: 'large' }
  const begin = await getSignedUrl(s3, new CreateMultipartUploadCommand(upload))
  const started = await (await fetch(begin, { method: 'POST' })).text()
  const UploadId = /<UploadId>(.+)<\/UploadId>/.exec(started)?.[1] ?? ''
  const part = new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, ContentLength: 5 })
  const url = await getSignedUrl(s3, part, { signableHeaders: new Set(['content-length']) })
  expect(await ask(url, { method: 'PUT', body: '123456' })).toEqual([403, 'SignatureDoesNotMatch'])
  const second = changed(url, ({ searchParams }) => searchParams.set('partNumber', '2'))
  expect(await ask(second, { method: 'PUT', body: '12345' })).toEqual([403, 'SignatureDoesNotMatch'])
  const sent = await fetch(url, { method: 'PUT', body: '12345' })
  const ETag = sent.headers.get('etag') ?? ''
  expect(await ask(await getSignedUrl(s3, new ListPartsCommand({ ...upload, UploadId })))).toEqual([
    200,
    undefined,
  ])
  const complete = await getSignedUrl(s3, new CompleteMultipartUploadCommand({ ...upload, UploadId }))
  const abort = await getSignedUrl(s3, new AbortMultipartUploadCommand({ ...upload, UploadId }))
  expect(await ask(complete, { method: 'DELETE' })).toEqual([403, 'SignatureDoesNotMatch'])
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${ETag}</ETag></Part></CompleteMultipartUpload>`
  expect(await ask(complete, { method: 'POST', body })).toEqual([200, undefined])
  expect(await ask(abort, { method: 'DELETE' })).toEqual([404, 'NoSuchUpload'])
})

test.each(['GET', 'PUT', 'DELETE'])('%s of an object without any signature is 403', async (method) => {
  expect(await ask(`${aws.endpoint}/${Bucket}/input/x`, { method })).toEqual([403, 'AccessDenied'])
  expect(await ask(`${aws.endpoint}/${Bucket}`, { method })).toEqual([403, 'AccessDenied'])
})

describe('a signature in the Authorization header', () => {
  const url = () => `${aws.endpoint}/${Bucket}/signed.txt`
  const put = (headers: Record<string, string>, { host: _, ...rest } = headers) =>
    ask(url(), { method: 'PUT', body: 'text', headers: rest as Record<string, string> })
  const headersOf = () =>
    signed(url(), { method: 'PUT', body: 'text', headers: { 'x-amz-meta-app': 'shop' } })

  test('of the local credentials is accepted', async () => {
    expect(await put(headersOf())).toEqual([200, undefined])
  })

  test('covers the method, the path, the query, the headers and the body', async () => {
    const headers = headersOf()
    const mismatch = [403, 'SignatureDoesNotMatch']
    expect(await ask(url(), { method: 'DELETE', headers: { ...headers, host: '' } })).toEqual(mismatch)
    expect(await ask(`${url()}x`, { method: 'PUT', body: 'text', headers })).toEqual(mismatch)
    expect(await ask(`${url()}?acl`, { method: 'PUT', body: 'text', headers })).toEqual(mismatch)
    expect(await put({ ...headers, 'x-amz-meta-app': 'press' })).toEqual(mismatch)
    expect(await put({ ...headers, 'x-amz-date': '20260101T000000Z' })).toEqual(mismatch)
    expect(await put({ ...headers, 'x-amz-meta-more': 'unsigned' })).toEqual([403, 'AccessDenied'])
    expect(await ask(url(), { method: 'PUT', body: 'other', headers })).toEqual([
      400,
      'XAmzContentSHA256Mismatch',
    ])
  })

  test('of other credentials is refused', async () => {
    const others = { accessKeyId: 'local', secretAccessKey: 'guessed' }
    const shared = { endpoint: aws.endpoint, region: 'us-east-1', maxAttempts: 1 }
    const strange = new S3Client({ ...shared, credentials: others })
    await expect(strange.send(new PutObjectCommand({ ...object, Body: 'x' }))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    })
    const unknown = new S3Client({ ...shared, credentials: { ...others, accessKeyId: 'AKIA' } })
    await expect(unknown.send(new PutObjectCommand({ ...object, Body: 'x' }))).rejects.toMatchObject({
      name: 'InvalidAccessKeyId',
    })
    const sqs = new SQSClient({ ...shared, credentials: others })
    await expect(sqs.send(new CreateQueueCommand({ QueueName: 'q' }))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    })
    const sns = new SNSClient({ ...shared, credentials: others })
    await expect(sns.send(new CreateTopicCommand({ Name: 't' }))).rejects.toThrow(/signature/)
    const dynamodb = new DynamoDBClient({ ...shared, credentials: others })
    await expect(dynamodb.send(new ListTablesCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    })
  })

  test('that is incomplete is malformed', async () => {
    const { authorization = '', ...rest } = headersOf()
    for (const text of [
      'AWS4-HMAC-SHA256 Credential=local',
      authorization.replace(/, Signature.*/, ''),
      'Basic eA==',
    ])
      expect(await put({ ...rest, authorization: text })).toEqual([400, 'AuthorizationHeaderMalformed'])
    const { 'x-amz-content-sha256': _, ...unhashed } = headersOf()
    expect(await put(unhashed)).toEqual([400, 'InvalidRequest'])
  })

  test('covers the body of a call that does not send its hash, as the AWS CLI sends it', async () => {
    const body = '{"QueueName":"from-the-cli"}'
    const named = { 'x-amz-target': 'AmazonSQS.CreateQueue', 'content-type': 'application/x-amz-json-1.0' }
    const call = { method: 'POST', url: '/', headers: { ...named, host: new URL(aws.endpoint).host } }
    const { host: _, ...headers } = signedHeaders(call, body, { service: 'sqs', region: 'us-east-1' })
    expect(Object.keys(headers)).not.toContain('x-amz-content-sha256')
    expect((await fetch(aws.endpoint, { method: 'POST', headers, body })).status).toBe(200)
    const changed = await fetch(aws.endpoint, {
      method: 'POST',
      headers,
      body: body.replace('cli', 'x'),
    })
    expect([changed.status, await changed.json()]).toMatchObject([403, { __type: 'SignatureDoesNotMatch' }])
  })
})
