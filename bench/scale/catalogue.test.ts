import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { CATALOGUE_COLUMNS, CATALOGUE_RATES, catalogueAt, catalogueRow } from './catalogue.ts'

const page = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8')
const cellsOf = (line: string) => line.split('|').map((cell) => cell.trim())
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => cellsOf(line).slice(1, -1))

test.each([CATALOGUE_COLUMNS, ...CATALOGUE_RATES.map(catalogueRow)])(
  'docs/scale.md has the row of %s for the catalogue',
  (...row) => expect(rows).toContainEqual(row),
)

test.each([
  [1_000, []],
  [2_000, []],
  [2_100, ['the daily comparison']],
  [2_600, ['announceOutcomes', 'the daily comparison']],
])('at %i images/s, what binds is %j', (rate, bound) => expect(catalogueAt(rate).bound).toEqual(bound))

test('the collector cannot have too many messages in flight at any rate that it can write', () => {
  for (const rate of [1, 100, 10_000, 40_000])
    expect(catalogueAt(rate).bound).not.toContain('messages in flight')
})

test('a statement has at most 500 files, so it is far from the 30 minutes of Athena', () => {
  for (const rate of [...CATALOGUE_RATES, 20_000]) {
    const { files, statements, mergeSeconds } = catalogueAt(rate)
    expect(files / statements).toBeLessThanOrEqual(500)
    expect(mergeSeconds / statements).toBeLessThan(10 * 60)
  }
})
