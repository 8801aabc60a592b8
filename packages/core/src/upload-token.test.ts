import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { formatApiKey, newApiKey, recordOf } from './api-key.ts'
import { formatUploadToken, parseUploadToken, verifyUploadToken } from './upload-token.ts'

const key = newApiKey('web-app-1', 'live')
const { tokenKey } = recordOf(key, 'web-app-1')
const claims = {
  scopes: ['upload' as const, 'read' as const],
  uploader: 'Zoë',
  maxBytes: 5,
  exp: 2_000_000_000,
}
const token = formatUploadToken(formatApiKey(key), claims)

function verify(text: string, publicKey = tokenKey) {
  const parsed = parseUploadToken(text)
  return parsed && verifyUploadToken(parsed, publicKey)
}

test('a token is read as it was made, and names its key', () => {
  expect(verify(token)).toEqual(claims)
  expect(parseUploadToken(token)?.keyId).toBe(key.keyId)
})

test('a token with another character is none, or nobody signed it', () => {
  fc.assert(
    fc.property(fc.nat({ max: token.length - 3 }), fc.stringMatching(/^[A-Za-z0-9_.-]$/), (at, letter) => {
      const changed = token.slice(0, at) + letter + token.slice(at + 1)
      if (changed !== token) expect(verify(changed)).toBeUndefined()
    }),
  )
})

test('a token of another key, or signed with the hash of a key, is not accepted', () => {
  const other = newApiKey('web-app-1', 'live')
  expect(verify(token, recordOf(other, 'web-app-1').tokenKey)).toBeUndefined()
  const stolen = formatUploadToken(formatApiKey({ ...key, secret: other.secret }), claims)
  expect(parseUploadToken(stolen)?.keyId).toBe(key.keyId)
  expect(verify(stolen)).toBeUndefined()
})

test('scopes of a later version are left out', () => {
  const later = { ...claims, scopes: ['upload', 'later'] as never }
  expect(verify(formatUploadToken(formatApiKey(key), later))?.scopes).toEqual(['upload'])
})

test('only an API key makes tokens', () => {
  expect(() => formatUploadToken(token, claims)).toThrow('API key')
})
