import { expect, test } from '@jest/globals'
import { parseOptions } from './parse-options.ts'

test('says which option is wrong and what to do', () => {
  const options = { clean: { type: 'boolean' } } as const
  for (const allowPositionals of [true, false])
    expect(() => parseOptions({ args: ['--claen'], options, allowPositionals })).toThrow(
      /^Unknown option '--claen'\. Run it with --help for its options\.$/,
    )
  expect(parseOptions({ args: ['--clean'], options }).values).toEqual({ clean: true })
})
