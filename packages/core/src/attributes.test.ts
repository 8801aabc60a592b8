import { describe, expect, test } from '@jest/globals'
import { Attributes } from './attributes.ts'

const pairs = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']))
/** Attributes with exactly this many bytes as JSON. */
const ofBytes = (bytes: number) => {
  const values = ['a', 'b', 'c', 'd'].map((key) => [key, 'x'.repeat(240)])
  const rest = bytes - JSON.stringify({ ...Object.fromEntries(values), e: '' }).length
  return { ...Object.fromEntries(values), e: 'x'.repeat(rest) }
}

describe('attributes', () => {
  test.each([
    ['none', {}],
    ['16 pairs', pairs(16)],
    ['a key of 64 characters', { ['k'.repeat(64)]: '' }],
    ['a value of 256 characters', { k: 'v'.repeat(256) }],
    ['1024 bytes', ofBytes(1024)],
    ['a value in any script', { k: '写真 😀 "\n' }],
    ['control characters and noncharacters', { k: '\0\u0001\u007f\ufffe\uffff\u{10ffff}' }],
  ])('may be %s', (_what, value) => expect(Attributes.parse(value)).toEqual(value))

  test.each([
    ['17 pairs', pairs(17), 'at most 16 entries'],
    ['a key of 65 characters', { ['k'.repeat(65)]: '' }, 'must have a key'],
    ['an empty key', { '': 'v' }, 'must have a key'],
    ['a key in upper case', { Key: 'v' }, 'must have a key'],
    ['a key with a dot', { 'a.b': 'v' }, 'must have a key'],
    ['a value of 257 characters', { k: 'v'.repeat(257) }, '256 characters'],
    ['1025 bytes', ofBytes(1025), '1 KB in total'],
    ['more bytes than characters', { a: '写'.repeat(200), b: '真'.repeat(200) }, '1 KB in total'],
    ['a number', { k: 1 }, 'expected string'],
    ['a nested object', { k: {} }, 'expected string'],
    ['an array', ['v'], 'expected record'],
    ['null', null, 'expected record'],
  ])('may not be %s', (_what, value, words) => {
    expect(Attributes.safeParse(value).error?.message).toContain(words)
  })
})
