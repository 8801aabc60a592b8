import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as z from 'zod'
import {
  DirectUploadRequest,
  ListQuery,
  SelectionQuery,
  SignatureRequest,
  UploadRequest,
} from './api-requests.ts'
import { Attributes } from './attributes.ts'
import { ImageAccepted } from './events.ts'
import { parseOrRefuse } from './parse-input.ts'
import { ProblemError } from './problem.ts'

function refusalOf(schema: z.ZodType, value: unknown): string | undefined {
  try {
    parseOrRefuse(schema, value, 'body')
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(ProblemError)
    return (error as ProblemError).detail
  }
}

const requests = {
  UploadRequest,
  DirectUploadRequest,
  SignatureRequest,
  ListQuery,
  SelectionQuery,
  Attributes,
  ImageAccepted,
}
const names = [
  'data',
  'filename',
  'attributes',
  'bytes',
  'contentType',
  'sha256',
  'multipart',
  'method',
  'key',
  'uploadId',
  'partNumber',
  'date',
  'limit',
  'cursor',
  'ids',
]
const values = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(0, -1, 0.5, 1e300, Number.NaN, '', 'x', 'x'.repeat(300), '\ud800', [], {}, null, undefined),
)
const bodies = fc.oneof(
  values,
  fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), values, { noNullPrototype: true }),
)

describe.each(Object.entries(requests))('a refusal of %s', (_name, schema) => {
  test('is made of sentences about fields, never in the words of the parser', () => {
    fc.assert(
      fc.property(bodies, (value) => {
        const detail = refusalOf(schema, value)
        if (detail === undefined) return
        // What the client sent is quoted.
        const words = detail.replaceAll(/"(?:[^"\\]|\\.)*"/gs, 'Q')
        expect(words).toMatch(/^body(?:\.(?:[\w-]+|Q))* (?:must|is|has) .*\.$/s)
        const [field = ''] = words.split(' ', 1)
        expect(words.replaceAll(field, '')).not.toMatch(
          /invalid|expected|received|unrecognized|too (?:big|small)|undefined|NaN|record/i,
        )
        expect(detail.length).toBeLessThan(3000)
      }),
    )
  })
})

describe('the sentence', () => {
  const schema = z.strictObject({
    text: z.string().min(2).max(3).optional(),
    whole: z.int().positive().max(9).optional(),
    choice: z.enum(['a', 'b']).optional(),
    list: z.array(z.boolean()).max(1).optional(),
    when: z.iso.datetime().optional(),
    day: z.iso.date().optional(),
    even: z.number().multipleOf(2).optional(),
    either: z.union([z.strictObject({ a: z.string() }), z.number()]).optional(),
  })

  test.each<[unknown, string]>([
    [undefined, 'body is missing; send an object with named fields.'],
    ['{}', 'body must be an object with named fields.'],
    [{ text: 1 }, 'body.text must be a text.'],
    [{ text: 'a' }, 'body.text must have at least 2 characters.'],
    [{ text: 'abcd' }, 'body.text must have at most 3 characters.'],
    [{ whole: 1.5 }, 'body.whole must be a whole number.'],
    [{ whole: 0 }, 'body.whole must be more than 0.'],
    [{ whole: 10 }, 'body.whole must be at most 9.'],
    [{ choice: 'c' }, 'body.choice must be "a" or "b".'],
    [{ list: [true, true] }, 'body.list must have at most 1 entry.'],
    [{ list: ['x'] }, 'body.list.0 must be true or false.'],
    [{ when: 'now' }, 'body.when must be a UTC time such as 2026-11-23T10:00:00Z.'],
    [{ day: '1.2.' }, 'body.day must be a date such as 2026-11-23.'],
    [{ even: 3 }, 'body.even must be a multiple of 2.'],
    [{ either: { a: 1 } }, 'body.either.a must be a text.'],
    [{ txet: 1 }, 'body has an unknown field "txet"; remove it.'],
  ])('about %j', (value, sentence) => expect(refusalOf(schema, value)).toBe(sentence))
})
