/** docs/outages.md is what `pnpm outages` writes: it has all troubles, and nothing was lost. */
import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { tryTrouble } from './outages.ts'

const MINUTE_MS = 60_000

const page = await readFile(new URL('../../docs/outages.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| ([^|]*[^| -]) +\| ([\d,]+) +\| ([\d,]+) +\| (\d+) +\| (\d+) +\|/gm)]

test('the page has a row for each trouble, and nothing was lost', () => {
  const names = rows.map(([, name]) => name)
  for (const service of ['SQS', 'S3']) {
    for (const time of ['1 minute', '10 minutes', '60 minutes'])
      expect(names).toContain(`${service} away for ${time}`)
  }
  expect(names.filter((name) => /event|all of it/.test(String(name)))).toHaveLength(6)
  for (const [, , accepted, processed, lost, breaches] of rows) {
    expect([processed, lost, breaches]).toEqual([accepted, '0', '0'])
  }
})

test.each([
  ['an outage of SQS', { outages: [{ service: 'sqs' as const, from: 5_000, to: 5_000 + 10 * MINUTE_MS }] }],
  ['events that are doubled, late and lost', { rates: { eventDoubled: 1, eventLate: 1, eventLost: 0.1 } }],
])('%s loses nothing that was accepted', async (_what, trouble) => {
  const { accepted, processed, breaches } = await tryTrouble(trouble, 2, 7)
  expect(accepted).toBeGreaterThan(6)
  expect([processed, breaches]).toEqual([accepted, 0])
})
