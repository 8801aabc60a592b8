import { crc32 } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  credentialKey,
  formatApiKey,
  keyIdPrefix,
  lastUseKey,
  newApiKey,
  parseApiKey,
  parseKeyRecord,
  recordOf,
} from './api-key.ts'

const apiKey = fc.record({
  mode: fc.constantFrom('live' as const, 'test' as const),
  keyId: fc.stringMatching(/^[0-9a-f]{16}$/),
  secret: fc.stringMatching(/^[A-Za-z0-9]{32}$/),
})

describe('an API key', () => {
  test('is read as it was written', () => {
    fc.assert(fc.property(apiKey, (key) => expect(parseApiKey(formatApiKey(key))).toEqual(key)))
  })

  test('ends with the CRC-32 of what is before it', () => {
    fc.assert(
      fc.property(apiKey, (key) => {
        const text = formatApiKey(key)
        expect(text.slice(-8)).toBe(crc32(text.slice(0, -8)).toString(16).padStart(8, '0'))
      }),
    )
  })

  test('with one other character, two swapped, or cut off is none', () => {
    const position = fc.nat({ max: 64 })
    fc.assert(
      fc.property(apiKey, position, fc.stringMatching(/^[A-Za-z0-9_]$/), (key, at, letter) => {
        const text = formatApiKey(key)
        const changed = text.slice(0, at) + letter + text.slice(at + 1)
        const swapped =
          text.slice(0, at) +
          text
            .slice(at, at + 2)
            .split('')
            .reverse()
            .join('') +
          text.slice(at + 2)
        for (const wrong of [changed, swapped, text.slice(0, at), `${text}${letter}`])
          if (wrong !== text) expect(parseApiKey(wrong)).toBeUndefined()
      }),
    )
  })

  test('has a secret of its own, and an id that begins as all ids of its app', () => {
    const keys = Array.from({ length: 50 }, () => newApiKey('web-app-1', 'live'))
    expect(new Set(keys.map(({ secret }) => secret)).size).toBe(50)
    expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(50)
    for (const key of keys) {
      expect(key.keyId.startsWith(keyIdPrefix('web-app-1'))).toBe(true)
      expect(parseApiKey(formatApiKey(key))).toEqual(key)
    }
  })
})

describe('the record of a key', () => {
  const key = newApiKey('web-app-1', 'live')
  const record = recordOf(key, 'web-app-1')

  test('does not contain the key', () => {
    expect(JSON.stringify(record)).not.toContain(key.secret)
    expect(parseKeyRecord(JSON.stringify(record))).toEqual(record)
  })

  test('of a later version is read without what is unknown', () => {
    const later = { ...record, scopes: [...record.scopes, 'later'], more: 1 }
    expect(parseKeyRecord(JSON.stringify(later))).toEqual(record)
  })

  test.each<[string | object, string]>([
    ['', 'no JSON'],
    ['{}', 'empty'],
    [{ app: '../x' }, 'the app'],
    [{ sha256: 'ab' }, 'the hash'],
    [{ tokenKey: 'ab' }, 'the public key'],
    [{ scopes: 'upload' }, 'the scopes'],
    [{ createdAt: 'x' }, 'a time'],
    [{ revokedAt: 'x' }, 'a time of the end'],
    [{ expiresAt: null }, 'no time of the end'],
  ])('%j is damaged: %s', (damage, _) => {
    const text = typeof damage === 'string' ? damage : JSON.stringify({ ...record, ...damage })
    expect(() => parseKeyRecord(text)).toThrow()
  })

  test.each([
    '',
    '..',
    '../../input',
    `${key.keyId}/`,
    key.keyId.toUpperCase(),
    `${key.keyId}\n`,
    `${key.keyId}0`,
  ])('has no place outside of its prefix: %j', (keyId) => {
    expect(() => credentialKey({ keyId })).toThrow(RangeError)
    expect(() => lastUseKey({ keyId })).toThrow(RangeError)
  })
})
