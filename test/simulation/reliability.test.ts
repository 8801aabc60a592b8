/** docs/reliability.md is what `pnpm reliability` writes: its commands exist, its tables are complete and promise nothing else. */
import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { REMEDIES } from '../../tools/cli/src/audit/breaches.ts'
import { SABOTAGES } from './sabotage.ts'

const page = await readFile(new URL('../../docs/reliability.md', import.meta.url), 'utf8')
const { scripts } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))

/** The rows of the table whose header begins with this cell, by the names of the columns. */
function rowsOf(firstCell: string): Record<string, string>[] {
  const lines = page.split('\n')
  const from = lines.findIndex((line) => line.startsWith(`| ${firstCell} `))
  const cellsOf = (line = '') =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  const names = cellsOf(lines[from])
  const rest = lines.slice(from + 2)
  const rows = rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith('|')),
  )
  return rows.map((line) => Object.fromEntries(cellsOf(line).map((cell, n) => [names[n], cell])))
}

test('every command of the page exists', () => {
  const commands = [...page.matchAll(/^pnpm (\S+)/gm)].map(([, name = '']) => name)
  expect(commands).toContain('simulate:faults')
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(commands))
})

test('figures have a date, seeds and a count, and nothing was lost, doubled or left', () => {
  const [, first, last, count] = /\d{4}-\d\d-\d\d, seeds (\d+) to (\d+): ([\d,]+) histories/.exec(page) ?? []
  expect(Number(last) - Number(first) + 1).toBe(Number(count?.replaceAll(',', '')))
  const classes = rowsOf('histories with')
  expect(classes.length).toBeGreaterThan(5)
  expect(classes[0]?.histories).toBe(count)
  for (const row of classes) expect(row).toMatchObject({ lost: '0', doubled: '0', orphans: '0', other: '0' })
})

test('after each outage everything was processed, and nothing was told failed', () => {
  const outages = rowsOf('away')
  expect(outages.map(({ away, for: length }) => `${away} ${length}`)).toEqual(
    ['S3', 'SQS', 'S3 and SQS, for the functions'].flatMap((away) =>
      ['1 min', '10 min', '60 min', '12 h', '3 days'].map((time) => `${away} ${time}`),
    ),
  )
  for (const row of outages)
    expect(row).toMatchObject({ processed: row.accepted, 'told failed': '0', breaches: '0' })
})

test('on the running stack everything that was accepted was processed', () => {
  const runs = rowsOf('date')
  expect(runs.length).toBeGreaterThan(0)
  for (const row of runs) {
    expect(Number(row.accepted)).toBeGreaterThan(10)
    // Some are accepted without their client knowing it.
    expect(Number(row.processed)).toBeGreaterThanOrEqual(Number(row.accepted))
    expect(row).toMatchObject({ failed: '0', lost: '0', audit: 'no breaches' })
  }
})

test('every sabotage is found', () => {
  const found = rowsOf('sabotage')
  expect(found.map(({ sabotage }) => sabotage)).toEqual(Object.keys(SABOTAGES))
  for (const { seed } of found) expect(Number(seed)).toBeGreaterThan(0)
})

test('the audit found every class of breach, all that was broken on purpose', () => {
  const shown = rowsOf('breach')
  expect(shown.map(({ breach }) => breach).toSorted()).toEqual(
    Object.keys(REMEDIES)
      .map((kind) => `\`${kind}\``)
      .toSorted(),
  )
  for (const { found = '' } of shown) {
    const [some, all] = found.split(' of ')
    expect(some).toBe(all)
    expect(Number(all)).toBeGreaterThan(0)
  }
})

test('the audit was measured over 100,000 objects', () => {
  const [largest] = rowsOf('images').toSorted((a, b) => toNumber(b.objects) - toNumber(a.objects))
  expect(toNumber(largest?.objects)).toBeGreaterThanOrEqual(100_000)
})

const toNumber = (text = '') => Number(text.replaceAll(',', ''))
