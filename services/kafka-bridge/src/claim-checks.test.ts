import { describe, expect, test } from '@jest/globals'
import { claimedKey } from './claim-checks.ts'

const PREFIX = 's3://darkroom/claims/web-app-2/'
const keyOf = (ref: string, app = 'web-app-2') => claimedKey(ref, app, 'darkroom')

test.each(['a.jpg', 'a/b/c', '..a/b..', '%2e%2e/a', 'a?b#c', '写真 1.jpg', 'x'.repeat(1007)])(
  "the app's own %s is used literally",
  (name) => expect(keyOf(PREFIX + name)).toBe(`claims/web-app-2/${name}`),
)

describe('refuses', () => {
  test.each([
    ['another bucket', 's3://darkroom2/claims/web-app-2/a.jpg'],
    ["another app's prefix", 's3://darkroom/claims/web-app-1/a.jpg'],
    ['a prefix with the same beginning', 's3://darkroom/claims/web-app-20/a.jpg'],
    ['an original', 's3://darkroom/input/web-app-2/2026-11-23/a'],
    ['the prefix in the middle of the key', 's3://darkroom/x/claims/web-app-2/a.jpg'],
    ['an extra slash', 's3://darkroom//claims/web-app-2/a.jpg'],
    ['another scheme', 'https://darkroom/claims/web-app-2/a.jpg'],
    ['no key', 's3://darkroom'],
    ['nothing', ''],
    ['a .. segment', `${PREFIX}../web-app-1/a.jpg`],
    ['a .. segment at the end', `${PREFIX}a/..`],
    ['a . segment', `${PREFIX}./a.jpg`],
    ['a control character', `${PREFIX}a\nb`],
    ['a NUL', `${PREFIX}a\0`],
    ['a lone surrogate', `${PREFIX}\ud800`],
    ['a key too long for S3', PREFIX + 'ä'.repeat(504)],
  ])('%s', (_, ref) => {
    expect(() => keyOf(ref)).toThrow(expect.objectContaining({ slug: 'malformed-request' }))
  })

  test('the claim of another app, and names the prefix of its own', () => {
    expect(() => keyOf(`${PREFIX}a.jpg`, 'web-app-1')).toThrow(
      expect.objectContaining({
        slug: 'malformed-request',
        detail: 'data.ref must start with s3://darkroom/claims/web-app-1/.',
      }),
    )
  })
})
