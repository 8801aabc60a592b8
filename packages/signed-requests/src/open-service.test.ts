import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { Sha256 } from '@smithy/core/checksum'
import { SignatureV4 } from '@smithy/signature-v4'
import { openService, type SignedRequest } from './open-service.ts'

interface Received {
  request: IncomingMessage
  body: string
}
const received: Received[] = []
/** What the server does with its first request, its second, and so on. */
let answers: ((response: ServerResponse) => void)[] = []
const server = createServer(async (request, response) => {
  received.push({ request, body: await text(request) })
  answers[received.length - 1]?.(response)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = server.address()
const url = `http://127.0.0.1:${typeof address === 'object' && address?.port}/`
beforeEach(() => {
  received.length = 0
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' }
const environment = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: credentials.sessionToken,
}
const dynamodb = openService('dynamodb', environment)
const post: SignedRequest = {
  method: 'POST',
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.UpdateItem' },
  body: '{"TableName":"é"}',
  timeoutMs: 60_000,
}
const ok = (response: ServerResponse) => response.end('{}')
const refuse = (status: number) => (response: ServerResponse) => response.writeHead(status).end('no')
const hangUp = (response: ServerResponse) => response.destroy()

test("the signature is that of the SDK's own signer", async () => {
  answers = [ok]
  expect(await dynamodb.send(url, post)).toEqual({ status: 200, text: '{}' })
  const [{ request, body }] = received as [Received]
  const date = String(request.headers['x-amz-date'])
  const signer = new SignatureV4({
    service: 'dynamodb',
    region: 'eu-central-1',
    credentials,
    sha256: Sha256,
    applyChecksum: false,
  })
  const { headers } = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/',
      headers: { ...post.headers, host: String(request.headers.host) },
      body,
    },
    { signingDate: new Date(date.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')) },
  )
  expect(request.headers.authorization).toBe(headers.authorization)
  expect(request.headers['x-amz-security-token']).toBe('token')
})

test.each([
  ['an answer of 500 and more', refuse(503)],
  ['a lost connection', hangUp],
])('a request is repeated after %s', async (_, failure) => {
  answers = [failure, ok]
  expect(await dynamodb.send(url, post)).toEqual({ status: 200, text: '{}' })
  expect(received.map(({ body }) => body)).toEqual([post.body, post.body])
})

test('a request is repeated once', async () => {
  answers = [refuse(500), refuse(503), ok]
  expect(await dynamodb.send(url, post)).toEqual({ status: 503, text: 'no' })
  answers = [ok, ok, hangUp, hangUp, ok]
  await expect(dynamodb.send(url, post)).rejects.toThrow('fetch failed')
})

test('a refused request is not repeated', async () => {
  answers = [refuse(400), ok]
  expect(await dynamodb.send(url, post)).toEqual({ status: 400, text: 'no' })
})

test('a POST that timed out is not repeated', async () => {
  answers = []
  await expect(dynamodb.send(url, { ...post, timeoutMs: 100 })).rejects.toMatchObject({
    name: 'TimeoutError',
  })
  expect(received.length).toBeLessThanOrEqual(1)
})

test.each([
  [{ AWS_REGION: 'eu-central-1' }, 'dynamodb.eu-central-1.amazonaws.com', undefined],
  [{ AWS_REGION: 'cn-north-1' }, 'dynamodb.cn-north-1.amazonaws.com.cn', undefined],
  [{ AWS_ENDPOINT_URL: 'http://a/' }, 'dynamodb.us-east-1.amazonaws.com', 'http://a'],
  [
    { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_DYNAMODB: 'http://b' },
    'dynamodb.us-east-1.amazonaws.com',
    'http://b',
  ],
])('%j is the server of a service', (variables, host, other) => {
  expect(openService('dynamodb', variables)).toMatchObject({ host, server: other })
})
