import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { cutFilename, Filename } from './filename.ts'
import { anyCharacter } from './testing/any-character.ts'

const bytesOf = (text: string) => Buffer.byteLength(text)

describe('a filename', () => {
  test.each([
    ['IMG_0001.JPG', 'IMG_0001.JPG'],
    ['C:\\Users\\me\\Pictures\\cat.png', 'cat.png'],
    ['../../etc/passwd', 'passwd'],
    ['  spaced name.jpg\r\n', 'spaced name.jpg'],
    ['tab\there\0.jpg', 'tabhere.jpg'],
    ['evil\u202egpj.exe', 'evilgpj.exe'],
    ['Zoe\u0308.jpg', 'Zoë.jpg'],
    ['写真.jpg', '写真.jpg'],
    ['👩\u200d👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿.jpg', '👩\u200d👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿.jpg'],
    ['a\ufffe\u{10ffff}.jpg', 'a\ufffe\u{10ffff}.jpg'],
    ['<script>.jpg', '<script>.jpg'],
  ])('%j is kept as %j', (raw, kept) => expect(Filename.parse(raw)).toBe(kept))

  test.each(['', ' ', '/', 'folder/', '\\', '\0', '\u200b', '\u200d', '\ud800', 'a\udc00.jpg'])(
    '%j is not valid',
    (raw) => expect(Filename.safeParse(raw).success).toBe(false),
  )

  test('has no directory and no control characters, at most 255 bytes, and is not changed again', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 300 }), (raw) => {
        const { data } = Filename.safeParse(raw)
        if (data === undefined) return
        expect(data).not.toMatch(/[/\\\p{Cc}\p{Cs}\u202e]/u)
        expect(data).toBe(data.trim())
        expect(bytesOf(data)).toBeLessThanOrEqual(255)
        expect(Filename.parse(data)).toBe(data)
      }),
      { numRuns: 1000 },
    )
  })

  test('is cut between characters', () => {
    expect(Filename.parse('😀'.repeat(100))).toBe('😀'.repeat(63))
    expect(cutFilename('aé b', 2)).toBe('a')
    expect(cutFilename('aé b', 4)).toBe('aé')
  })
})
