import { openSmallObjects } from '@darkroom/bucket/small-objects'
import {
  type ApiKey,
  credentialKey,
  formatApiKey,
  type KeyRecord,
  lastUseKey,
  newApiKey,
  recordOf,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda'
import { openKeyRecords } from '../credentials/key-records.ts'
import { openStore } from '../testing/open-store.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./authorize.ts')
const { handler: listImages } = await import('./list-images.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const authorize = (headers?: Record<string, string>) =>
  handler({ version: '2.0', type: 'REQUEST', headers } as unknown as APIGatewayRequestAuthorizerEventV2)
const identify = async (apiKey: string) => (await authorize({ authorization: `Bearer ${apiKey}` })).context

async function storeRecord(key: ApiKey, record: Partial<KeyRecord> = {}): Promise<void> {
  await store.put(credentialKey(key), JSON.stringify({ ...recordOf(key, 'web-app-1'), ...record }))
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString()

let key: ApiKey
let apiKey: string
beforeEach(() => {
  key = newApiKey('web-app-1', 'test')
  apiKey = formatApiKey(key)
})

describe('an API key', () => {
  test('is of its app, however the header is written', async () => {
    await storeRecord(key)
    const expected = {
      isAuthorized: true,
      context: { app: 'web-app-1', credential: key.keyId, kind: 'key', scopes: 'upload read read:all erase' },
    }
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer ']) {
      for (const name of ['authorization', 'Authorization', 'AUTHORIZATION'])
        expect(await authorize({ [name]: `${scheme} ${apiKey}` })).toEqual(expected)
    }
  })

  test('that is missing is said to be', async () => {
    const missing = { isAuthorized: true, context: { refusal: 'missing' } }
    expect(await authorize()).toEqual(missing)
    expect(await authorize({})).toEqual(missing)
    expect(await authorize({ authorization: '' })).toEqual(missing)
    expect(await authorize({ 'x-api-key': apiKey, cookie: `authorization=Bearer ${apiKey}` })).toEqual(
      missing,
    )
  })

  test('that is mistyped or of another scheme is malformed, without a question to S3', async () => {
    await storeRecord(key)
    const asked = jest.spyOn(globalThis, 'fetch')
    const swapped = apiKey.replace(/(.)(.)(.{9})$/, '$2$1$3')
    for (const authorization of [
      'Bearer',
      `Bearer ${apiKey.slice(0, -1)}`,
      `Bearer ${apiKey}0`,
      `Bearer ${apiKey.toUpperCase()}`,
      `Bearer ${apiKey} x`,
      `Bearer ${swapped === apiKey ? 'x' : swapped}`,
      `Basic ${apiKey}`,
      apiKey,
      'Bearer ../../input/x',
      'Bearer __proto__',
    ]) {
      expect([authorization, (await authorize({ authorization })).context]).toEqual([
        authorization,
        { refusal: 'malformed' },
      ])
    }
    expect(asked).not.toHaveBeenCalled()
    asked.mockRestore()
  })

  test('without a record, or with the id of another key, is unknown', async () => {
    expect(await identify(apiKey)).toMatchObject({ refusal: 'unknown' })
    const stored = newApiKey('web-app-1', 'test')
    await storeRecord(stored)
    expect(await identify(formatApiKey({ ...stored, secret: key.secret }))).toMatchObject({
      refusal: 'unknown',
    })
    expect(await identify(formatApiKey({ ...stored, mode: 'live' }))).toMatchObject({ refusal: 'unknown' })
  })

  test('that has expired or was revoked says so, but only to its owner', async () => {
    await storeRecord(key, { expiresAt: ago(1) })
    expect(await identify(apiKey)).toMatchObject({ refusal: 'expired' })
    const revoked = newApiKey('web-app-1', 'test')
    await storeRecord(revoked, { revokedAt: ago(1), expiresAt: ago(2) })
    expect(await identify(formatApiKey(revoked))).toEqual({ refusal: 'revoked', credential: revoked.keyId })
    expect(await identify(formatApiKey({ ...revoked, secret: key.secret }))).toMatchObject({
      refusal: 'unknown',
    })
    const later = newApiKey('web-app-1', 'test')
    await storeRecord(later, { expiresAt: ago(-60) })
    expect(await identify(formatApiKey(later))).toMatchObject({ app: 'web-app-1' })
  })

  test('whose record is damaged is no reason to refuse it', async () => {
    const logged = jest.spyOn(console, 'error').mockImplementation(() => {})
    await store.put(credentialKey(key), '{"app": "web-app-1"}')
    expect(await identify(apiKey)).toEqual({ refusal: 'unavailable' })
    expect(String(logged.mock.calls[0])).toContain(key.keyId)
    expect(String(logged.mock.calls[0])).not.toContain(key.secret)
    logged.mockRestore()
  })

  test('that is used leaves one object for the day', async () => {
    await storeRecord(key)
    for (let request = 0; request < 3; request++) await identify(apiKey)
    expect(await store.storedKeys()).toContain(lastUseKey(key))
    await store.remove(lastUseKey(key))
    await identify(apiKey)
    expect(await store.storedKeys()).not.toContain(lastUseKey(key))
  })
})

describe('the records of keys', () => {
  const at = { time: Date.now() }
  const records = openKeyRecords(openSmallObjects(store.bucket), () => at.time)

  test('are read again before a minute has passed', async () => {
    await storeRecord(key)
    expect(await records.find(key.keyId)).toMatchObject({ app: 'web-app-1' })
    await storeRecord(key, { revokedAt: ago(0) })
    expect(await records.find(key.keyId)).not.toHaveProperty('revokedAt')
    at.time += 59_000
    expect(await records.find(key.keyId)).toHaveProperty('revokedAt')
  })

  test('are found seconds after they were missing', async () => {
    expect(await records.find(key.keyId)).toBeUndefined()
    await storeRecord(key)
    expect(await records.find(key.keyId)).toBeUndefined()
    at.time += 6_000
    expect(await records.find(key.keyId)).toMatchObject({ app: 'web-app-1' })
  })

  test('are read once for requests that come together', async () => {
    await storeRecord(key)
    const asked = jest.spyOn(globalThis, 'fetch')
    await Promise.all(Array.from({ length: 20 }, () => records.find(key.keyId)))
    expect(asked).toHaveBeenCalledTimes(1)
    asked.mockRestore()
  })

  test('of made-up keys do not push out those of real ones', async () => {
    await storeRecord(key)
    await records.find(key.keyId)
    for (let n = 0; n < 1_100; n++) await records.find(n.toString(16).padStart(16, 'f'))
    const asked = jest.spyOn(globalThis, 'fetch')
    await records.find(key.keyId)
    await records.find((1_099).toString(16).padStart(16, 'f'))
    expect(asked).not.toHaveBeenCalled()
    await records.find((0).toString(16).padStart(16, 'f'))
    expect(asked).toHaveBeenCalledTimes(1)
    asked.mockRestore()
  })
})

describe('the answer to a credential that is not accepted', () => {
  const challenge = (error: string) =>
    `Bearer realm="darkroom", error="invalid_token", error_description="${error}"`

  test.each([
    ['missing', 'Bearer realm="darkroom"', 'The request has no credential.'],
    ['malformed', challenge('The credential is malformed'), 'not copied completely'],
    ['unknown', challenge('The credential is unknown'), 'unknown'],
    ['expired', challenge('The credential has expired'), 'has expired'],
    ['revoked', challenge('The credential was revoked'), 'was revoked'],
  ] as const)('%s is 401 and says so', async (refusal, authenticate, detail) => {
    expect(await send(listImages, { refusal })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': authenticate, 'content-type': 'application/problem+json' },
      body: { type: 'urn:problem-type:darkroom:unauthenticated', detail: expect.stringContaining(detail) },
    })
  })

  test('that could not be checked is 503', async () => {
    await aws.stop()
    const logged = jest.spyOn(console, 'error').mockImplementation(() => {})
    const context = await identify(apiKey)
    expect(context).toEqual({ refusal: 'unavailable' })
    logged.mockRestore()
    expect(await send(listImages, { refusal: 'unavailable' })).toMatchObject({
      status: 503,
      headers: { 'retry-after': 5 },
      body: { type: 'urn:problem-type:darkroom:storage-unavailable', retryable: true },
    })
  })
})
