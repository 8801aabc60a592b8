import { credentialKey, formatApiKey, newApiKey, newImageId, recordOf } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { createUsageTable } from '@darkroom/rate-limits/testing'
import { afterAll, describe, expect, jest, test } from '@jest/globals'
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda'
import type { LimitedCaller } from '../http/caller.ts'
import { openStore } from '../testing/open-store.ts'
import { png } from '../testing/sample-images.ts'
import { send, type TestRequest } from '../testing/send.ts'

// The authorizer waits for half a second for the table, and then admits without it. A busy machine can take longer.
const patience = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal)
const realNow = Date.now
const clock = jest.spyOn(Date, 'now')
const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint), {
  limited: { requests: { perSecond: 1, burst: 2 }, limits: { imagesPerDay: 10 } },
})
await createUsageTable('test')
// So that the audit trail is written: see environment.ts.
process.env.POWERTOOLS_LOG_LEVEL = 'CRITICAL'
const trail: string[] = []
const stdout = jest.spyOn(process.stdout, 'write').mockImplementation((line) => trail.push(String(line)) > 0)
const { handler: authorize } = await import('./authorize.ts')
afterAll(async () => {
  stdout.mockRestore()
  patience.mockRestore()
  clock.mockRestore()
  await store.close()
  await aws.stop()
})

async function keyOf(app: string): Promise<string> {
  const key = newApiKey(app, 'test')
  await store.put(credentialKey(key), JSON.stringify(recordOf(key, app)))
  return formatApiKey(key)
}

async function callerOf(apiKey: string): Promise<LimitedCaller> {
  const event = { version: '2.0', type: 'REQUEST', headers: { authorization: `Bearer ${apiKey}` } }
  return (await authorize(event as unknown as APIGatewayRequestAuthorizerEventV2)).context as LimitedCaller
}

test('the authorizer counts the requests of an app with a limit, whatever its credential, and of no other', async () => {
  const [one, another, unlimited] = [await keyOf('limited'), await keyOf('limited'), await keyOf('web-app-1')]
  // Time stands still: in a second the app may send one more.
  clock.mockReturnValue(realNow())
  expect(await callerOf(one)).toMatchObject({
    app: 'limited',
    kind: 'key',
    'ratelimit-policy': '"requests";q=2;w=2',
    ratelimit: expect.stringMatching(/^"requests";r=1;t=[12]$/),
  })
  await callerOf(one)
  expect(await callerOf(another)).toMatchObject({
    app: 'limited',
    overLimit: expect.stringMatching(
      /^The app limited may send 1 request a second, and 2 at once\. Try again in/,
    ),
    retryAfter: expect.stringMatching(/^[1234]$/),
  })
  for (let sent = 0; sent < 5; sent++)
    expect(Object.keys(await callerOf(unlimited))).toEqual(['app', 'credential', 'kind', 'scopes'])
  clock.mockImplementation(realNow)
})

const limit = {
  'ratelimit-policy': '"requests";q=2;w=2',
  ratelimit: '"requests";r=1;t=2',
}
const overLimit = { ...limit, ratelimit: '"requests";r=0;t=3', overLimit: 'Too many.', retryAfter: '3' }
const sendTo = async (route: string, request: TestRequest) =>
  send((await import(`./${route}.ts`)).handler, { app: 'limited', id: newImageId(), ...request })

describe('a request over the limit', () => {
  test.each([
    'upload-image',
    'list-images',
    'get-image',
    'erase-image',
    'create-token',
    'create-upload',
    'sign-upload',
    'complete-upload',
  ])('is 429 to %s, before anything is read', async (route) => {
    const asked = jest.spyOn(store.s3.constructor.prototype, 'send')
    // The scope is not enough either: nothing but the limit is said.
    expect(await sendTo(route, { caller: { ...overLimit, scopes: '' } })).toMatchObject({
      status: 429,
      headers: {
        'retry-after': '3',
        'ratelimit-policy': '"requests";q=2;w=2',
        ratelimit: '"requests";r=0;t=3',
        'strict-transport-security': expect.any(String),
      },
      body: { type: 'urn:problem-type:darkroom:rate-limited', detail: 'Too many.', retryable: true },
    })
    expect(asked).not.toHaveBeenCalled()
    asked.mockRestore()
  })

  test('of a refused credential is 401', async () => {
    const { status } = await send((await import('./get-image.ts')).handler, {
      refusal: 'revoked',
      caller: overLimit,
    })
    expect(status).toBe(401)
  })

  test('is not in the audit trail, which a client in a loop would fill', async () => {
    await sendTo('erase-image', { method: 'DELETE' })
    expect(trail.filter((line) => line.includes('image.erased'))).toHaveLength(1)
    await sendTo('erase-image', { method: 'DELETE', caller: overLimit })
    expect(trail.filter((line) => line.includes('image.erased'))).toHaveLength(1)
  })
})

test('what is left of it is in every answer, before the limits of an upload', async () => {
  expect(await sendTo('get-image', { caller: limit })).toMatchObject({ status: 404, headers: limit })
  const uploaded = await send((await import('./upload-image.ts')).handler, {
    method: 'POST',
    app: 'limited',
    caller: limit,
    headers: { 'content-type': 'application/octet-stream' },
    body: png,
  })
  expect(uploaded).toMatchObject({
    status: 202,
    headers: {
      'ratelimit-policy': '"requests";q=2;w=2, "images-per-day";q=10;w=86400',
      ratelimit: expect.stringMatching(/^"requests";r=1;t=2, "images-per-day";r=9;t=\d+$/),
    },
  })
})
