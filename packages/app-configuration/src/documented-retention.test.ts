import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { readConfiguration } from './read-configuration.ts'

const repository = join(import.meta.dirname, '..', '..', '..')

test('the table in docs/operations.md matches the retention', async () => {
  const { retentionDays: days } = readConfiguration('apps.json')
  const text = await readFile(join(repository, 'docs/operations.md'), 'utf8')
  const rowOf = (start: string) => text.split('\n').find((line) => line.startsWith(`| ${start}`)) ?? ''
  const daysIn = (start: string) => Number(/(\d+) days? +\|$/.exec(rowOf(start))?.[1])
  for (const kind of ['input', 'processed', 'metadata', 'claims', 'rejected', 'uploads'] as const) {
    expect([kind, daysIn(`\`${kind}/`)]).toEqual([kind, days[kind]])
  }
  expect(daysIn('`hashes/')).toBe(days.input)
  expect(daysIn('`events/')).toBe(days.metadata)
  expect(daysIn('multipart uploads')).toBe(days.unfinishedUploads)
})
