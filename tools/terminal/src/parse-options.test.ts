import { expect, test } from '@jest/globals'
import { parseOptions, usageOf } from './parse-options.ts'

test('says which option is wrong and what to do', () => {
  const options = { clean: { type: 'boolean' } } as const
  for (const allowPositionals of [true, false])
    expect(() => parseOptions({ args: ['--claen'], options, allowPositionals })).toThrow(
      /^Unknown option '--claen'\. Run it with --help for its options\.$/,
    )
  expect(parseOptions({ args: ['--clean'], options }).values).toEqual({ clean: true })
})

test('the usage of a script is its first comment, in 80 columns', () => {
  const source = `/**
 * Measures how long a user waits, when photographs are uploaded at a steady rate and
 * followed until they are final.
 *
 *   --images N   how many
 *
 * About a minute.
 */
import { a } from 'b'
/** Not this. */`
  expect(usageOf(source)).toBe(`Measures how long a user waits, when photographs are uploaded at a steady rate
and followed until they are final.

  --images N   how many

About a minute.`)
  expect(usageOf('/** `pnpm one`: a line. */')).toBe('`pnpm one`: a line.')
})
