import { expect, test } from '@jest/globals'
import { readKeyHashes } from './key-hashes.ts'

const OLD = 'a'.repeat(64)
const NEW = '0'.repeat(64)

test('each hash leads to its app', () => {
  const table = JSON.stringify({ shop: [OLD, NEW], blog: ['b'.repeat(64)], idle: [] })
  expect([...readKeyHashes(table)]).toEqual([
    [OLD, 'shop'],
    [NEW, 'shop'],
    ['b'.repeat(64), 'blog'],
  ])
  expect(readKeyHashes('{}').size).toBe(0)
})

test.each([
  ['', 'the value is not JSON'],
  ['{{resolve:ssm:/darkroom/prod/api-key-hashes}}', 'the value is not JSON'],
  ['null', 'the value is not an object'],
  ['[]', 'the value is not an object'],
  ['"shop"', 'the value is not an object'],
  [JSON.stringify({ Shop: [OLD] }), 'the value for "Shop" is wrong'],
  [JSON.stringify({ shop: OLD }), 'the value for "shop" is wrong'],
  [JSON.stringify({ shop: [OLD.toUpperCase()] }), 'the value for "shop" is wrong'],
  [JSON.stringify({ shop: [OLD.slice(1)] }), 'the value for "shop" is wrong'],
  [JSON.stringify({ shop: [null] }), 'the value for "shop" is wrong'],
])('%j is refused', (json, reason) => {
  expect(() => readKeyHashes(json)).toThrow(`API_KEY_HASHES: ${reason}. It must be {"app": `)
})
