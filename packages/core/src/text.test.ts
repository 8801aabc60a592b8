import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Attributes } from './attributes.ts'
import { Filename } from './filename.ts'
import { parseOrRefuse } from './parse-input.ts'
import { anyCharacter } from './testing/any-character.ts'
import { toAsciiJson } from './text.ts'

test('JSON in ASCII is the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: anyCharacter }), (value) => {
      const json = toAsciiJson(value)
      expect(json).toMatch(/^[\x20-\x7e]*$/)
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test.each(['\ud83c', 'a\udf0a', '\udf0a\ud83c'])(
  'a lone surrogate is refused, naming the field: %j',
  (text) => {
    const refused = { slug: 'malformed-request', detail: expect.stringContaining('lone surrogate') }
    expect(() => parseOrRefuse(Attributes, { album: text }, 'attributes')).toThrow(
      expect.objectContaining({ ...refused, detail: expect.stringMatching(/^attributes\.album is cut/) }),
    )
    expect(() => parseOrRefuse(Filename, `${text}.jpg`, 'filename')).toThrow(expect.objectContaining(refused))
  },
)
