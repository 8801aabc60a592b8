/**
 * JWTs of a real OpenID provider on loopback, through the authorizer: what it signs is accepted, and each forgery is refused with
 * its reason, which the test prints as a table. What the provider does not sign is signed here with its key, so that one thing is wrong at a time.
 */
import { createHmac, createPublicKey } from 'node:crypto'
import { configurationFile } from '@darkroom/app-configuration/testing'
import {
  newSigningKey,
  type SigningKey,
  signJwt,
  startOpenIdProvider,
} from '@darkroom/testing/openid-provider'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda'
import { documentedTable } from '../testing/documented-table.ts'
import { send } from '../testing/send.ts'
import { setEnvironment } from '../testing/set-environment.ts'

const [current, next, weak, elliptic] = await Promise.all([
  newSigningKey('current'),
  newSigningKey('next'),
  newSigningKey('current'),
  newSigningKey('elliptic', 'ES256'),
])
const provider = await startOpenIdProvider([current, elliptic])
const rival = await startOpenIdProvider([next])
const { issuer } = provider
const page = { issuer, audience: 'https://images.shop.example' }
setEnvironment({
  STAGE: 'local',
  APPS_FILE: configurationFile({
    apps: {
      shop: { openid: [page] },
      press: {
        openid: [
          {
            ...page,
            audience: 'press',
            algorithms: ['ES256'],
            uploaderClaim: 'email',
            scopes: ['read', 'read:all', 'erase'],
            scopeClaim: 'scope',
            uploaderPrefix: 'press:',
          },
          { issuer: rival.issuer, audience: 'press', uploaderPrefix: 'rival:' },
        ],
      },
      away: { openid: [{ issuer: 'http://127.0.0.1:1', audience: 'away' }] },
    },
  }),
})
const { handler } = await import('../routes/authorize.ts')
const { handler: listImages } = await import('../routes/list-images.ts')
const { openIssuerKeys } = await import('./issuer-keys.ts')
const { identifyJwt } = await import('./identify-jwt.ts')
afterAll(() => Promise.all([provider.stop(), rival.stop()]))

const authorize = async (jwt: string) => {
  const headers = { authorization: `Bearer ${jwt}` }
  const event = { version: '2.0', type: 'REQUEST', headers } as unknown as APIGatewayRequestAuthorizerEventV2
  return (await handler(event)).context
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
const claims = (more: object = {}) => ({
  iss: issuer,
  aud: page.audience,
  sub: 'user-1',
  exp: inSeconds(300),
  ...more,
})
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const asSigned = (more: object = {}, header: object = {}, key: SigningKey = current) =>
  signJwt(key, claims(more), header)

/** Signed with what everybody can read, the public key, as text of an HMAC. */
async function signedWithPublicKey(): Promise<string> {
  const { d, p, q, dp, dq, qi, ...jwk } = current.jwk
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const text = `${base64({ alg: 'HS256', kid: 'current', typ: 'JWT' })}.${base64(claims())}`
  return `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`
}

async function changed(): Promise<string> {
  const [header, , signature] = (await asSigned()).split('.')
  return `${header}.${base64(claims({ sub: 'user-2' }))}.${signature}`
}

/** Where a key of the forger is, as the header says. */
const FORGERS = 'http://127.0.0.1:1/forger'
const { d, ...forgersKey } = weak.jwk

const FORGERIES: [what: string, jwt: () => string | Promise<string>, refusal: string][] = [
  ['of an issuer that no app has', () => asSigned({ iss: 'https://evil.example' }), 'jwt-issuer'],
  ['of an issuer with a slash more', () => asSigned({ iss: `${issuer}/` }), 'jwt-issuer'],
  ['without an issuer', () => asSigned({ iss: undefined }), 'jwt-issuer'],
  ['for another audience', () => asSigned({ aud: 'https://other.example' }), 'jwt-audience'],
  ['without an audience', () => asSigned({ aud: undefined }), 'jwt-audience'],
  ['for two apps at once', () => asSigned({ aud: [page.audience, 'press'] }), 'jwt-audience'],
  ['for another app, with its audience changed', changedAudience, 'jwt-signature'],
  ['of one issuer, signed by another', () => asSigned({}, {}, next), 'jwt-key'],
  ['with the algorithm none', () => `${base64({ alg: 'none' })}.${base64(claims())}.`, 'jwt-algorithm'],
  ['with an HMAC of the public key', signedWithPublicKey, 'jwt-algorithm'],
  ['with an algorithm that another app allows', () => asSigned({}, {}, elliptic), 'jwt-algorithm'],
  ['with an algorithm that this app does not allow', () => asSigned({ aud: 'press' }), 'jwt-algorithm'],
  ['with an unknown key', () => asSigned({}, { kid: 'unknown' }), 'jwt-key'],
  ['with another key under a known id', () => asSigned({}, {}, weak), 'jwt-signature'],
  ['with its own key in the header (jwk)', () => asSigned({}, { jwk: forgersKey }, weak), 'jwt-signature'],
  ['with the address of its keys (jku)', () => asSigned({}, { jku: FORGERS }, weak), 'jwt-signature'],
  ['with the address of a certificate (x5u)', () => asSigned({}, { x5u: FORGERS }, weak), 'jwt-signature'],
  ['with a certificate (x5c)', () => asSigned({}, { x5c: ['MIIB'] }, weak), 'jwt-signature'],
  ['with an extension that must be understood (crit)', critical, 'malformed'],
  ['whose claims were changed', changed, 'jwt-signature'],
  ['without a signature', async () => (await asSigned()).replace(/[^.]+$/, ''), 'jwt-signature'],
  ['that expired more than 60 s ago', () => asSigned({ exp: inSeconds(-90) }), 'expired'],
  ['that never expires', () => asSigned({ exp: undefined }), 'jwt-claims'],
  ['whose expiry is text', () => asSigned({ exp: '9999999999' }), 'jwt-claims'],
  ['that is valid in 90 s', () => asSigned({ nbf: inSeconds(90) }), 'jwt-early'],
  ['that is a logout token', () => asSigned({}, { typ: 'logout+jwt' }), 'jwt-type'],
  ['without an uploader', () => asSigned({ sub: undefined }), 'jwt-uploader'],
  ['whose uploader is a list', () => asSigned({ sub: ['user-1'] }), 'jwt-uploader'],
  ['whose uploader has 129 bytes', () => asSigned({ sub: 'x'.repeat(129) }), 'jwt-uploader'],
  ['that is encrypted (five parts)', async () => `${await asSigned()}.x.x`, 'malformed'],
  ['whose claims are no JSON', () => `${base64({ alg: 'RS256' })}.e30x.AAAA`, 'malformed'],
]

async function changedAudience(): Promise<string> {
  const [header, , signature] = (await signJwt(elliptic, claims({ aud: 'press', email: 'a' }))).split('.')
  return `${header?.replace(/^.*$/, base64({ alg: 'RS256', kid: 'current', typ: 'at+jwt' }))}.${base64(claims())}.${signature}`
}

async function critical(): Promise<string> {
  const [, body, signature] = (await asSigned()).split('.')
  return `${base64({ alg: 'RS256', kid: 'current', crit: ['x'], x: 1 })}.${body}.${signature}`
}

test('a token of the provider is a credential of the app that names its issuer and audience', async () => {
  expect(await authorize(await provider.accessToken('user-1', page.audience))).toEqual({
    app: 'shop',
    credential: issuer,
    kind: 'jwt',
    scopes: 'upload read',
    uploader: 'user-1',
  })
})

test('each forgery is refused, and says why', async () => {
  const rows: [string, string, string][] = []
  const found: [string, string | undefined][] = []
  for (const [what, forge] of FORGERIES) {
    const context = await authorize(await forge())
    const refusal = 'refusal' in context ? context.refusal : `ACCEPTED as ${context.app}`
    found.push([what, refusal])
    const { status, headers } = await send(listImages, { refusal: refusal as 'unknown' })
    const error = /error_description="([^"]+)"/.exec(String(headers['www-authenticate']))?.[1]
    rows.push([what, String(status), String(error)])
  }
  expect(found).toEqual(FORGERIES.map(([what, , refusal]) => [what, refusal]))
  expect(rows).toEqual(await documentedTable('Forged JWTs'))
})

test.each<[string, object, object]>([
  ['expired less than 60 s ago', { exp: inSeconds(-20) }, {}],
  ['is valid from now on', { nbf: inSeconds(20) }, {}],
  [
    'is for several audiences, of which one is an app',
    { aud: ['https://userinfo.example', page.audience] },
    {},
  ],
  ['is an ID token', {}, { typ: 'JWT' }],
  ['has no type', {}, { typ: undefined }],
])('a token that %s is accepted', async (_what, more, header) => {
  expect(await authorize(await asSigned(more, header))).toMatchObject({ app: 'shop', uploader: 'user-1' })
})

describe('an entry of an app', () => {
  const pressToken = (more: object) =>
    signJwt(elliptic, claims({ aud: 'press', email: 'zoë@press.example', ...more }))

  test.each<[unknown, string]>([
    ['read erase upload openid', 'read erase'],
    [['read:all', 'unknown'], 'read:all'],
    ['', ''],
    [undefined, ''],
    [{ read: true }, ''],
  ])('gives the scopes of its claim, as far as it allows them: %j', async (scope, scopes) => {
    expect(await authorize(await pressToken({ scope }))).toMatchObject({ app: 'press', scopes })
  })

  test('names the claim and the prefix of the uploader', async () => {
    expect(await authorize(await pressToken({}))).toMatchObject({ uploader: 'press:zoë@press.example' })
    const other = await signJwt(next, claims({ iss: rival.issuer, aud: 'press' }))
    expect(await authorize(other)).toMatchObject({ app: 'press', uploader: 'rival:user-1' })
  })
})

describe('the keys of an issuer', () => {
  const entry = {
    app: 'shop',
    ...page,
    algorithms: ['RS256'],
    uploaderClaim: 'sub',
    uploaderPrefix: '',
    scopes: ['read' as const],
  }
  let time: number
  let findKey: ReturnType<typeof openIssuerKeys>
  const identify = (jwt: string) => identifyJwt(jwt, [entry], findKey)
  beforeEach(() => {
    time = Date.now()
    findKey = openIssuerKeys({ isLocal: true, now: () => time })
    provider.requests.length = 0
  })
  afterEach(() => {
    provider.publish([current, elliptic])
    provider.answerInstead()
  })

  test('are asked for once, by tokens that come together, and kept for ten minutes', async () => {
    const jwt = await asSigned()
    const callers = await Promise.all(Array.from({ length: 20 }, () => identify(jwt)))
    expect(callers).toEqual(callers.map(() => expect.objectContaining({ uploader: 'user-1' })))
    time += 599_000
    await identify(jwt)
    expect(provider.requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
    provider.publish([next])
    time += 2_000
    expect(await identify(jwt)).toEqual({ refusal: 'jwt-key' })
  })

  test('are asked for again if a token has a new one, at most every 30 seconds', async () => {
    await identify(await asSigned())
    provider.publish([next, current])
    time += 31_000
    expect(await identify(await asSigned({}, {}, next))).toMatchObject({ uploader: 'user-1' })
    expect(provider.requests).toHaveLength(4)
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, n) => asSigned({}, { kid: `made-up-${n}` })),
    )
    for (const jwt of made) expect(await identify(jwt)).toEqual({ refusal: 'jwt-key' })
    expect(provider.requests).toHaveLength(4)
    time += 31_000
    for (const jwt of made) await identify(jwt)
    expect(provider.requests).toHaveLength(6)
  })

  const instead = (pattern: RegExp, status: number, body: string | Buffer, headers = {}) =>
    provider.answerInstead((url, response) => {
      if (!pattern.test(url)) return false
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
      return true
    })

  test.each<[string, () => void]>([
    ['answers 500', () => instead(/jwks/, 500, '{}')],
    ['has no discovery document', () => instead(/openid-configuration/, 404, '')],
    [
      'describes another issuer',
      () => instead(/openid-configuration/, 200, '{"issuer":"https://evil.example"}'),
    ],
    ['redirects', () => instead(/jwks/, 302, '', { location: `${rival.issuer}/jwks` })],
    ['sends something else than JSON', () => instead(/jwks/, 200, '<html>')],
    ['sends no key set', () => instead(/jwks/, 200, '{"keys":{}}')],
    ['sends more than 200 KB', () => instead(/jwks/, 200, Buffer.alloc(300_000, ' '))],
    [
      'closes the connection',
      () =>
        provider.answerInstead((_url, response) => {
          response.destroy()
          return true
        }),
    ],
  ])('are not known if the issuer %s: no token is accepted, and none refused', async (_what, fail) => {
    const jwt = await asSigned()
    fail()
    await expect(identify(jwt)).rejects.toThrow()
    const asked = provider.requests.length
    await expect(identify(jwt)).rejects.toThrow()
    provider.answerInstead()
    time += 6_000
    expect(await identify(jwt)).toMatchObject({ uploader: 'user-1' })
    expect(asked).toBeLessThanOrEqual(2)
  })

  test('are not asked for again for five seconds after a failure', async () => {
    instead(/jwks/, 500, '{}')
    const jwt = await asSigned()
    for (let n = 0; n < 10; n++) await expect(identify(jwt)).rejects.toThrow()
    expect(provider.requests).toHaveLength(2)
  })

  test('are good for the tokens that are signed with them while the issuer is away', async () => {
    const jwt = await asSigned()
    await identify(jwt)
    instead(/./, 500, '{}')
    time += 120_000
    expect(await identify(jwt)).toMatchObject({ uploader: 'user-1' })
    // Of one with a new key nothing is known.
    await expect(identify(await asSigned({}, {}, next))).rejects.toThrow('cannot be read')
    time += 600_000
    await expect(identify(jwt)).rejects.toThrow('cannot be read')
  })

  test('are not used if they are weak', async () => {
    const short = { ...current.jwk, n: Buffer.alloc(128, 255).toString('base64url') }
    const { kty, n, e, kid, alg } = short
    instead(/jwks/, 200, JSON.stringify({ keys: [{ kty, n, e, kid, alg }] }))
    await expect(identify(await asSigned())).rejects.toThrow('2048 bits')
  })

  test('are read over TLS only, but on a laptop', async () => {
    findKey = openIssuerKeys({ isLocal: false })
    await expect(identify(await asSigned())).rejects.toThrow()
    expect(provider.requests).toEqual([])
  })
})

test('an issuer that is away is 503, and the log says why', async () => {
  const logged = jest.spyOn(console, 'error').mockImplementation(() => {})
  const jwt = await asSigned({ iss: 'http://127.0.0.1:1', aud: 'away' })
  expect(await authorize(jwt)).toEqual({ refusal: 'unavailable' })
  expect(String(logged.mock.calls[0])).toContain('the keys of http://127.0.0.1:1 cannot be read')
  expect(String(logged.mock.calls[0])).not.toContain(jwt)
  logged.mockRestore()
  expect((await send(listImages, { refusal: 'unavailable' })).status).toBe(503)
})
