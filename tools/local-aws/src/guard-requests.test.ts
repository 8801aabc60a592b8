import { request } from 'node:http'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { s3For, signed } from './test-clients.ts'

let aws: LocalAws
beforeAll(async () => {
  aws = await startLocalAws({ allowedHosts: ['stack'] })
  const s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket: 'web' }))
  await s3.send(new PutObjectCommand({ Bucket: 'web', Key: 'a.txt', Body: 'seen' }))
})
afterAll(() => aws.stop())

const origin = 'https://evil.example'
const sqs = { 'x-amz-target': 'AmazonSQS.CreateQueue', 'content-type': 'application/x-amz-json-1.0' }
const dynamodb = {
  'x-amz-target': 'DynamoDB_20120810.ListTables',
  'content-type': 'application/x-amz-json-1.0',
}

/** `fetch` sends a Host of its own. */
function statusOf(method: string, path: string, headers: Record<string, string>, body = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(aws.endpoint + path, { method, headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.on('error', reject).end(body)
  })
}

/** The same, with a valid signature. */
const statusOfSigned = (method: string, path: string, headers: Record<string, string>, body = '') =>
  statusOf(method, path, signed(aws.endpoint + path, { method, headers, body }), body)

test.each([
  ['127.0.0.1:4566', 200],
  ['localhost:4566', 200],
  ['stack:4566', 200],
  ['evil.example:4566', 403],
  ['localhost.evil.example:4566', 403],
])('with the Host %s, S3, SQS and DynamoDB answer %i', async (host, status) => {
  expect(await statusOfSigned('GET', '/web/a.txt', { host })).toBe(status)
  expect(await statusOfSigned('POST', '/', { ...sqs, host }, '{"QueueName":"q"}')).toBe(status)
  expect(await statusOfSigned('POST', '/', { ...dynamodb, host }, '{}')).toBe(status)
})

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const REQUESTS: [string, string, string, Record<string, string>, string][] = [
  ['an object', 'PUT', '/web/b.txt', {}, 'x'],
  ['a bucket', 'PUT', '/other', {}, ''],
  ['the list of buckets', 'GET', '/', {}, ''],
  ['the messages', 'GET', '/_fauxqs/queues/q', {}, ''],
  ['a queue', 'POST', '/', sqs, '{"QueueName":"q"}'],
  ['a queue by a form', 'POST', '/', FORM, 'Action=CreateQueue&QueueName=q'],
  ['a topic', 'POST', '/', FORM, 'Action=CreateTopic&Name=t'],
  ['tables', 'POST', '/', dynamodb, '{}'],
]

test.each(REQUESTS)(
  'a page cannot reach %s, even with a signature',
  async (_, method, path, headers, body) => {
    expect(await statusOfSigned(method, path, { ...headers, origin }, body)).toBe(403)
  },
)

// A page's simple requests have no Origin if they are GETs; other programs never have one.
test.each(REQUESTS)('nobody can reach %s without a signature', async (_, method, path, headers, body) => {
  expect(await statusOf(method, path, headers, body)).toBe(403)
  expect(await statusOf(method, `${path}?X-Amz-Signature=0`, headers, body)).not.toBe(200)
  const forged = {
    ...headers,
    authorization: 'AWS4-HMAC-SHA256 Credential=local/20261129/us-east-1/s3/aws4_request',
  }
  expect(await statusOf(method, path, forged, body)).toBe(400)
})

test('a form of another page is not a call of SQS', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=x', origin }
  expect(await statusOf('POST', '/', headers, '--x--')).toBe(403)
  const { origin: _, ...withoutOrigin } = headers
  expect(await statusOf('POST', '/', withoutOrigin, '--x--')).toBe(403)
})

test('a page can use what was signed for it', async () => {
  const url = await getSignedUrl(s3For(aws.endpoint), new GetObjectCommand({ Bucket: 'web', Key: 'a.txt' }))
  const answer = await fetch(url, { headers: { origin } })
  expect([answer.status, await answer.text()]).toEqual([200, 'seen'])
})
