import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda'
import { setEnvironment } from '../testing/set-environment.ts'

const hash = (key: string) => createHash('sha256').update(key).digest('hex')

setEnvironment({
  API_KEY_HASHES: JSON.stringify({ 'web-app-1': [hash('old'), hash('new')], 'web-app-2': [hash('theirs')] }),
})
const { handler } = await import('./authorize.ts')

const authorize = (headers: Record<string, string>) =>
  handler({ version: '2.0', type: 'REQUEST', headers } as unknown as APIGatewayRequestAuthorizerEventV2)

const authorizedAs = (app?: string, key = '') => ({
  isAuthorized: true,
  context: app === undefined ? {} : { app, credential: hash(key).slice(0, 12) },
})

describe('a credential', () => {
  test.each([
    ['Bearer old', 'web-app-1'],
    ['Bearer new', 'web-app-1'],
    ['Bearer theirs', 'web-app-2'],
    ['bearer new', 'web-app-1'],
    ['BEARER new', 'web-app-1'],
    ['Bearer  new', 'web-app-1'],
  ])('%j is of %s', async (authorization, app) => {
    const expected = authorizedAs(app, authorization.split(' ').at(-1))
    expect(await authorize({ authorization })).toEqual(expected)
    expect(await authorize({ Authorization: authorization })).toEqual(expected)
    expect(await authorize({ AUTHORIZATION: authorization })).toEqual(expected)
  })

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    'Bearer NEW',
    'Bearer new x',
    'Bearernew',
    'Basic new',
    'Token new',
    'new',
    `Bearer ${hash('new')}`,
    'Bearer web-app-1',
    'Bearer constructor',
    'Bearer __proto__',
  ])('%j is of no app', async (authorization) => {
    expect(await authorize({ authorization })).toEqual(authorizedAs())
  })

  test('that is missing is of no app', async () => {
    expect(await authorize({})).toEqual(authorizedAs())
    expect(await authorize({ 'x-api-key': 'new', cookie: 'authorization=Bearer new' })).toEqual(
      authorizedAs(),
    )
    const bare = { version: '2.0', type: 'REQUEST' } as unknown as APIGatewayRequestAuthorizerEventV2
    expect(await handler(bare)).toEqual(authorizedAs())
  })
})
