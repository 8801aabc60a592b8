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

test.each([
  ['127.0.0.1:4566', 200],
  ['localhost:4566', 200],
  ['stack:4566', 200],
  ['evil.example:4566', 403],
  ['localhost.evil.example:4566', 403],
])('with the Host %s, S3, SQS and DynamoDB answer %i', async (host, status) => {
  expect(await statusOf('GET', '/web/a.txt', { ...signed, host })).toBe(status)
  expect(await statusOf('POST', '/', { ...signed, ...sqs, host }, '{"QueueName":"q"}')).toBe(status)
  // 400: it misses parts of the signature.
  expect(await statusOf('POST', '/', { ...signed, ...dynamodb, host }, '{}')).toBe(status === 200 ? 400 : 403)
})

test.each([
  ['an object', 'PUT', '/web/b.txt', signed, ''],
  ['a queue', 'POST', '/', { ...signed, ...sqs }, '{"QueueName":"q"}'],
  [
    'a queue by a form',
    'POST',
    '/',
    { 'content-type': 'application/x-www-form-urlencoded' },
    'Action=CreateQueue&QueueName=q',
  ],
  ['a queue by a made-up signature', 'POST', '/?X-Amz-Signature=0', sqs, '{"QueueName":"q"}'],
  ['tables', 'POST', '/', { ...signed, ...dynamodb }, '{}'],
])('a page cannot reach %s', async (_, method, path, headers, body) => {
  expect(await statusOf(method, path, { ...headers, origin }, body)).toBe(403)
})

test('a page can use what was signed for it', async () => {
  const url = await getSignedUrl(s3For(aws.endpoint), new GetObjectCommand({ Bucket: 'web', Key: 'a.txt' }))
  const answer = await fetch(url, { headers: { origin } })
  expect([answer.status, await answer.text()]).toEqual([200, 'seen'])
})
