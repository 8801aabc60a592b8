import fc from 'fast-check'

const SURROGATES = 0xd800
const AFTER_SURROGATES = 0xe000
const SURROGATES_COUNT = AFTER_SURROGATES - SURROGATES

/**
 * Any character, for `fc.string({ unit: anyCharacter })`. The values are those of fast-check's unit `binary`, which first makes a
 * table of all 1,112,064 characters: half a second for each test file.
 */
export const anyCharacter = fc.nat({ max: 0x10ffff - SURROGATES_COUNT }).map(
  (n) => String.fromCodePoint(n < SURROGATES ? n : n + SURROGATES_COUNT),
  (value) => {
    const code = typeof value === 'string' ? value.codePointAt(0) : undefined
    if (code === undefined || value !== String.fromCodePoint(code)) throw new Error('This is no character.')
    return code < SURROGATES ? code : code - SURROGATES_COUNT
  },
)
