import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as z from 'zod'
import { decodeBase64, parseOrRefuse, parseVariables, readAttributes } from './parse-input.ts'

describe('base64', () => {
  test('of any bytes is decoded', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const decoded = decodeBase64(Buffer.from(bytes).toString('base64'), 'data')
        expect(decoded.equals(bytes)).toBe(true)
      }),
    )
  })

  test.each(['aGVsbG8', 'aGVs\nbG8=', '_-__', 'data:,', 'aGVsbG9=', ' ', '*'])('is refused as %j', (text) => {
    expect(() => decodeBase64(text, 'body.data')).toThrow(
      /^malformed-request: body\.data is not valid base64/,
    )
  })
})

test('a value that does not match a schema is refused, and each wrong field is named', () => {
  const schema = z.strictObject({ a: z.object({ b: z.number() }), c: z.string() })
  expect(parseOrRefuse(schema, { a: { b: 1 }, c: '' }, 'body')).toEqual({ a: { b: 1 }, c: '' })
  expect(() => parseOrRefuse(schema, { a: { b: '' } }, 'body')).toThrow(
    /body\.a\.b must be a number\. body\.c is missing; send a text\.$/,
  )
})

describe('attributes', () => {
  test('may be JSON text or its value', () => {
    expect(readAttributes('{"album":"été"}', 'attributes')).toEqual({ album: 'été' })
    expect(readAttributes({ album: 'été' }, 'attributes')).toEqual({ album: 'été' })
  })

  test.each([
    ['{', /attributes is not valid JSON/],
    [['a'], /attributes must be an object/],
    [{ 'A B': '' }, /attributes\."A B" must have a key/],
    [{ a: 1 }, /attributes\.a must be a text\./],
    ['{"album":"x","__proto__":"y"}', /attributes\.__proto__ is not allowed/],
  ])('are refused as %j', (value, words) => {
    expect(() => readAttributes(value, 'attributes')).toThrow(words)
  })
})

test('an empty environment variable counts as missing, and each invalid one is named', () => {
  const schema = z.object({ HOST: z.string().default('127.0.0.1'), PORT: z.coerce.number(), URL: z.url() })
  const url = 'http://127.0.0.1/'
  expect(parseVariables(schema, { HOST: '', PORT: '4001', URL: url })).toEqual({
    HOST: '127.0.0.1',
    PORT: 4001,
    URL: url,
  })
  expect(() => parseVariables(schema, { PORT: 'x', URL: '' })).toThrow(/PORT[\s\S]*URL/)
})
