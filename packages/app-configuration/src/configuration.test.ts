import { describe, expect, test } from '@jest/globals'
import { AppConfiguration, appsOfTopics, issuersOf, originsOf, retentionOf } from './configuration.ts'

const preset = { version: 1, variants: [{ name: 'thumb', size: 320, format: 'webp' }] }
const retentionDays = {
  input: 30,
  processed: 365,
  metadata: 730,
  claims: 7,
  rejected: 30,
  uploads: 1,
  unfinishedUploads: 1,
}
const example = {
  presets: { default: preset, small: { ...preset, version: 7 } },
  retentionDays,
  apps: {
    'web-app-1': { preset: 'small', deduplication: true },
    'web-app-2': { topics: ['images.web-app-2', 'more'], retentionDays: { input: 7 } },
  },
}
const login = { issuer: 'https://login.example', audience: 'images' }
const withIssuers = (...openid: object[]) => withApps({ shop: { openid } })
const withLimits = (limits: object) => withApps({ shop: { limits } })
const withAttributes = (attributes: object) => withApps({ shop: { attributes } })
const withApps = (apps: unknown) => ({ ...example, apps })

test('a configuration is accepted as in its example', () => {
  expect(AppConfiguration.parse(example)).toEqual(example)
})

test.each<[string, unknown, string, string]>([
  ['no presets', { ...example, presets: undefined }, 'presets', 'received undefined'],
  ['no default', { ...example, presets: { small: preset } }, 'presets', 'a preset named "default"'],
  ['no app', withApps({}), 'apps', 'at least one app'],
  ['an unknown field of an app', withApps({ shop: { colour: 'red' } }), 'apps.shop', '"colour"'],
  ['an invalid app id', withApps({ 'My Shop': {} }), 'apps.My Shop', 'Invalid key'],
  [
    'a preset that does not exist',
    withApps({ shop: { preset: 'poster' } }),
    'apps.shop.preset',
    'no preset is named "poster" (there are: default, small)',
  ],
  [
    'a preset with the name of a built-in property',
    withApps({ shop: { preset: 'constructor' } }),
    'apps.shop.preset',
    'no preset is named "constructor"',
  ],
  ['no images a day', withLimits({ imagesPerDay: 0 }), 'apps.shop.limits.imagesPerDay', '>=1'],
  ['a limit that does not exist', withLimits({ imagesPerHour: 1 }), 'apps.shop.limits', '"imagesPerHour"'],
  [
    'a burst without an average',
    withLimits({ burstImages: 5 }),
    'apps.shop.limits.burstImages',
    'needs imagesPerSecond',
  ],
  [
    'a burst of less than a second',
    withLimits({ imagesPerSecond: 10, burstImages: 9 }),
    'apps.shop.limits.burstImages',
    'at least imagesPerSecond, 10',
  ],
  [
    'a burst of requests of less than a second',
    withApps({ shop: { requests: { perSecond: 10, burst: 9 } } }),
    'apps.shop.requests.burst',
    'at least perSecond',
  ],
  [
    'a burst without room for the largest image',
    withLimits({ bytesPerSecond: 1, burstBytes: 52_428_799 }),
    'apps.shop.limits.burstBytes',
    'at least the largest image that the app accepts, 52428800 bytes',
  ],
  [
    'a day without room for the largest image',
    withApps({ shop: { maxBytes: 1_000, limits: { bytesPerDay: 999 } } }),
    'apps.shop.limits.bytesPerDay',
    '1000 bytes',
  ],
  ['a topic with a space', withApps({ shop: { topics: ['a b'] } }), 'apps.shop.topics.0', 'a topic must be'],
  [
    'a topic of two apps',
    withApps({ shop: { topics: ['a', 'b'] }, press: { topics: ['b'] } }),
    'apps.press.topics.0',
    'the topic b belongs to shop already',
  ],
  [
    'half a day',
    withApps({ shop: { retentionDays: { input: 0.5 } } }),
    'apps.shop.retentionDays.input',
    'whole',
  ],
  [
    'a kind of object that no app has',
    withApps({ shop: { retentionDays: { rejected: 1 } } }),
    'apps.shop.retentionDays',
    '"rejected"',
  ],
  [
    'a longer retention than the default',
    withApps({ shop: { retentionDays: { input: 31 } } }),
    'apps.shop.retentionDays.input',
    '31 days is more than the default of 30',
  ],
  [
    'a document that expires first',
    { ...withApps({ shop: {} }), retentionDays: { ...retentionDays, metadata: 100 } },
    'retentionDays.metadata',
    'at least as long as the original',
  ],
  ['no default retention', { ...example, retentionDays: undefined }, 'retentionDays', 'received undefined'],
  [
    'a path in an origin',
    withApps({ shop: { origins: ['https://a.example/'] } }),
    'apps.shop.origins.0',
    'origin',
  ],
  [
    'an issuer without TLS',
    withIssuers({ ...login, issuer: 'http://login.example' }),
    'apps.shop.openid.0.issuer',
    'https',
  ],
  [
    'an issuer with a query',
    withIssuers({ ...login, issuer: 'https://a.example/?b' }),
    'apps.shop.openid.0.issuer',
    'query',
  ],
  ['no audience', withIssuers({ ...login, audience: undefined }), 'apps.shop.openid.0.audience', 'undefined'],
  ['an HMAC', withIssuers({ ...login, algorithms: ['HS256'] }), 'apps.shop.openid.0.algorithms.0', '"RS256"'],
  [
    'no signature',
    withIssuers({ ...login, algorithms: ['none'] }),
    'apps.shop.openid.0.algorithms.0',
    '"RS256"',
  ],
  [
    'an unknown scope',
    withIssuers({ ...login, scopes: ['admin'] }),
    'apps.shop.openid.0.scopes.0',
    '"read:all"',
  ],
  [
    'an issuer and audience of another app',
    withApps({ shop: { openid: [login] }, press: { openid: [login] } }),
    'apps.press.openid.0.audience',
    'shop has the same issuer and audience',
  ],
  [
    'an issuer and audience twice',
    withIssuers(login, { ...login, scopes: ['erase'] }),
    'apps.shop.openid.1.audience',
    'another entry has the same issuer and audience',
  ],
  [
    'two issuers that can name different users the same',
    withIssuers(login, { ...login, issuer: 'https://other.example' }),
    'apps.shop.openid.1.uploaderPrefix',
    'another user of https://login.example could have the same name',
  ],
  [
    'prefixes of which one starts with the other',
    withIssuers(
      { ...login, uploaderPrefix: 'a' },
      { ...login, issuer: 'https://other.example', uploaderPrefix: 'ab' },
    ),
    'apps.shop.openid.1.uploaderPrefix',
    'no other one starts with',
  ],
  [
    'an attribute that no image can have',
    withAttributes({ 'Order ID': { type: 'string' } }),
    'apps.shop.attributes.Order ID',
    'Invalid key',
  ],
  [
    'an attribute without a type',
    withAttributes({ sku: {} }),
    'apps.shop.attributes.sku.type',
    '"string"|"number"|"boolean"|"time"',
  ],
  [
    'a type that does not exist',
    withAttributes({ sku: { type: 'integer' } }),
    'apps.shop.attributes.sku.type',
    '"string"|"number"|"boolean"|"time"',
  ],
  [
    'a description of two lines',
    withAttributes({ sku: { type: 'string', description: 'The\narticle.' } }),
    'apps.shop.attributes.sku.description',
    'one line of 1 to 200',
  ],
  [
    'a description that is cut inside a character',
    withAttributes({ sku: { type: 'string', description: '🌅'.slice(0, 1) } }),
    'apps.shop.attributes.sku.description',
    'well-formed',
  ],
  [
    'too many attributes',
    withAttributes(Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`a${n}`, { type: 'string' }]))),
    'apps.shop.attributes',
    'at most 50',
  ],
  [
    'two attributes of an app with one column',
    withAttributes({ 'order-id': { type: 'string' }, order_id: { type: 'string' } }),
    'apps.shop.attributes.order_id',
    'has the same column as "order-id", attr_order_id',
  ],
  [
    'a column with another type than that of another app',
    withApps({
      shop: { attributes: { size: { type: 'number' } } },
      press: { attributes: { size_number: { type: 'string' } } },
    }),
    'apps.press.attributes.size_number',
    'its column attr_size_number is that of the number "size" of shop',
  ],
  ['any origin', withApps({ shop: { origins: ['*'] } }), 'apps.shop.origins.0', 'must be an origin'],
])('%s is refused, and the field is named', (_what, value, path, words) => {
  const issues = AppConfiguration.safeParse(value).error?.issues.map((issue) => ({
    path: issue.path.join('.'),
    message: issue.message,
  }))
  expect(issues).toEqual([{ path, message: expect.stringContaining(words) }])
})

describe('with thousands of apps', () => {
  const many = (count: number, settings: (n: number) => object) =>
    withApps(Object.fromEntries(Array.from({ length: count }, (_, n) => [`app-${n}`, settings(n)])))
  const complaint = (value: unknown) => AppConfiguration.safeParse(value).error?.issues[0]?.message

  test('5,000 that use the default retention are accepted', () => {
    expect(complaint(many(5_000, () => ({ preset: 'small' })))).toBeUndefined()
  })

  test('more lifecycle rules than a bucket can have are refused in words', () => {
    expect(complaint(many(980, () => ({ retentionDays: { claims: 1 } })))).toBeUndefined()
    expect(complaint(many(5_000, () => ({ retentionDays: { claims: 1 } })))).toMatch(
      /^their own retentionDays need 5012 lifecycle rules, and a bucket can have 1000/,
    )
  })

  test('5,000 with the same attributes are accepted, whatever types each gives them', () => {
    const types = ['string', 'number', 'boolean', 'time']
    const attributes = (n: number) =>
      Object.fromEntries(['sku', 'order-id', 'rating'].map((name, m) => [name, { type: types[(n + m) % 4] }]))
    expect(complaint(many(5_000, (n) => ({ attributes: attributes(n) })))).toBeUndefined()
  })

  test('more columns than a view should have are refused in words', () => {
    const own = (n: number) => ({ attributes: { [`only-of-${n}`]: { type: 'string' } } })
    expect(complaint(many(500, own))).toBeUndefined()
    expect(complaint(many(501, own))).toMatch(/^their attributes need 501 columns, and the view .* 500/)
  })

  test('more origins than S3 takes are refused in words', () => {
    const origins = (count: number) => many(count, (n) => ({ origins: [`https://shop-${n}.example`] }))
    expect(complaint(origins(1_000))).toBeUndefined()
    expect(complaint(origins(5_000))).toMatch(/^S3 cannot have this many origins/)
  })
})

describe('of a configuration', () => {
  const configuration = AppConfiguration.parse(example)

  test('the retention has the default, and the apps with their own', () => {
    expect(retentionOf(configuration)).toEqual({
      default: retentionDays,
      apps: { 'web-app-2': { input: 7 } },
    })
  })

  test('the issuers have their defaults', () => {
    const openid = [
      { ...login, uploaderPrefix: 'a:' },
      { ...login, audience: 'more', uploaderPrefix: 'a:', scopes: ['read:all' as const] },
      { ...login, issuer: 'http://127.0.0.1:9000', uploaderPrefix: 'b:' },
    ]
    const apps = AppConfiguration.parse(
      withApps({ shop: { openid }, press: { openid: [{ ...login, audience: 'press' }] } }),
    ).apps
    const defaults = { app: 'shop', algorithms: ['RS256'], uploaderClaim: 'sub', scopes: ['upload', 'read'] }
    expect(issuersOf({ apps })).toEqual([
      ...openid.map((entry) => ({ ...defaults, ...entry })),
      { ...defaults, app: 'press', ...login, audience: 'press', uploaderPrefix: '' },
    ])
  })

  test('each topic has its app', () => {
    expect(appsOfTopics(configuration)).toEqual({ 'images.web-app-2': 'web-app-2', more: 'web-app-2' })
  })

  test('the origins are those of all apps, or any if an app names none', () => {
    const origins = ['https://a.example', 'http://127.0.0.1:4001']
    expect(originsOf(configuration)).toEqual(['*'])
    const apps = { one: { origins }, other: { origins: origins.slice(0, 1) }, bridge: { origins: [] } }
    expect(originsOf({ ...configuration, apps })).toEqual(origins)
  })
})
