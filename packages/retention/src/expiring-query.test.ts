import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { expiringQuery } from './expiring-query.ts'
import { readRetention } from './read-retention.ts'

const repository = join(import.meta.dirname, '..', '..', '..')

test('the saved query is that of the retention; else run `pnpm darkroom retention --sql`', async () => {
  const saved = await readFile(join(repository, 'packages/analytics/sql/expiring.sql'), 'utf8')
  expect(saved).toBe(expiringQuery(await readRetention()))
})

test('an app with a retention of its own has its own days', async () => {
  const { default: standard } = await readRetention()
  const query = expiringQuery({ default: standard, apps: { brief: { input: 7 }, other: { claims: 1 } } })
  expect(query).toContain("CASE app WHEN 'brief' THEN INTERVAL '7' DAY ELSE INTERVAL '30' DAY END")
  expect(query).not.toContain('other')
})

test('the table in docs/operations.md is that of the retention', async () => {
  const { default: days } = await readRetention()
  const text = await readFile(join(repository, 'docs/operations.md'), 'utf8')
  const rowOf = (start: string) => text.split('\n').find((line) => line.startsWith(`| ${start}`)) ?? ''
  const daysIn = (start: string) => Number(/(\d+) days? +\|$/.exec(rowOf(start))?.[1])
  for (const kind of ['input', 'processed', 'metadata', 'claims', 'rejected', 'uploads'] as const) {
    expect([kind, daysIn(`\`${kind}/`)]).toEqual([kind, days[kind]])
  }
  expect(daysIn('`hashes/')).toBe(days.input)
  expect(daysIn('multipart uploads')).toBe(days.unfinishedUploads)
})
