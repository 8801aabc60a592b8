import { describe, expect, test } from '@jest/globals'
import { checkLicenses } from './check-licenses.ts'

const listOf = (license: string) => ({ [license]: [{ name: 'a-package', versions: ['1.0.0'] }] })

describe('without a declaration', () => {
  test.each(['MIT', 'Apache-2.0', '(MIT OR GPL-3.0-or-later)', '(MIT AND Zlib)'])(
    '%s is allowed',
    (license) => {
      expect(checkLicenses(listOf(license), []).problems).toEqual([])
    },
  )

  test.each([
    'GPL-3.0-only',
    'AGPL-3.0-or-later',
    'LGPL-3.0',
    '(MIT AND GPL-2.0-only)',
    'SEE LICENSE IN LICENSE.md',
    'Unknown',
    '',
  ])('%j is a problem that names the package', (license) => {
    expect(checkLicenses(listOf(license), []).problems).toEqual([
      `a-package has the license ${license}. Use another package, or declare it in tools/supply-chain/src/license-policy.ts.`,
    ])
  })
})

describe('a declared package', () => {
  const declaration = { name: 'a-*', license: 'LGPL-3.0', reason: 'A library of its own.' }

  test('is allowed and listed with its reason', () => {
    expect(checkLicenses(listOf('LGPL-3.0'), [declaration])).toEqual({
      problems: [],
      declared: [{ name: 'a-package', license: 'LGPL-3.0', reason: 'A library of its own.' }],
    })
  })

  test('is a problem under another license, and its declaration is one, too', () => {
    const { problems } = checkLicenses(listOf('GPL-3.0-only'), [declaration])
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatch(/^a-package has the license GPL-3.0-only/)
    expect(problems[1]).toMatch(/^No package a-\* has the license LGPL-3.0/)
  })

  test('may change to an allowed license, and its declaration must go', () => {
    expect(checkLicenses(listOf('MIT'), [declaration]).problems).toEqual([
      expect.stringMatching(/^No package a-\* has the license LGPL-3.0\. Delete its declaration/),
    ])
  })
})
