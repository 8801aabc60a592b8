import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { attributeViews } from './attribute-views.ts'
import { differencesQuery, differingDaysQuery } from './differences.ts'
import { daysQuery, expireStatement, mergeStatement, WATERMARK_QUERY } from './merge.ts'
import { mergeLookAlikesStatement } from './merge-look-alikes.ts'
import { readQueries } from './read-queries.ts'
import { idsOfDayQuery, rowCountsQuery, rowsOfSlotsQuery } from './reconcile.ts'
import { rowsOfImageQuery, snapshotsQuery, snapshotsWithImageQuery } from './rows-of-image.ts'
import { baseViews } from './views.ts'

const IMAGE = { app: 'web-app-1', imageId: '0199a1b2-0000-7000-8000-000000000000' }
const WINDOW = { after: '2026-11-29T10:58:00.000Z', until: '2026-11-29T11:05:00.000Z' }
const DECLARING = {
  shop: {
    attributes: {
      'order-id': { type: 'string' },
      rating: { type: 'number' },
      express: { type: 'boolean' },
      shot: { type: 'time' },
    },
  },
  press: { attributes: { order_id: { type: 'string' } } },
} as const

interface Parser {
  validate(sql: string): { message: string }[]
}

let folder: string
let trino: Parser
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'athena-dialect-'))
  trino = await trinoParser()
})
afterAll(() => rm(folder, { recursive: true }))

/** Node cannot import dt-sql-parser's modules directly. */
async function trinoParser(): Promise<Parser> {
  const outfile = join(folder, 'trino.mjs')
  const contents = "export { TrinoSQL } from 'dt-sql-parser'"
  const stdin = { contents, resolveDir: import.meta.dirname }
  await build({ stdin, outfile, bundle: true, format: 'esm', platform: 'node' })
  const { TrinoSQL } = await import(outfile)
  return new TrinoSQL()
}

const queries = readQueries().map(({ name, sql }) => [name, sql] as const)

test.each([
  ...queries,
  ...[...baseViews(), ...attributeViews(DECLARING)].map(({ name, sql }) => [name, sql] as const),
  ['watermark', WATERMARK_QUERY],
  ['rows by app and day', rowCountsQuery(['2026-11-27', '2026-11-28'])],
  ['ids of a day', idsOfDayQuery({ app: 'a', date: '2026-11-28' })],
  ['ids of a slot', idsOfDayQuery({ app: 'a', date: '2026-11-28' }, '019e5a3c')],
  ['rows by slot', rowsOfSlotsQuery({ app: 'a', date: '2026-11-28' })],
  ['days of a merge', daysQuery(WINDOW)],
  ['merge', mergeStatement(WINDOW, { days: ['2026-11-28', '2026-11-29'] })],
  ['merge with the watermark', mergeStatement(WINDOW, { days: [], mergedUntil: WINDOW.until })],
  ['merge of look-alikes', mergeLookAlikesStatement(3)],
  ['differing days', differingDaysQuery({ from: '2026-11-01', to: '2026-11-23' })],
  ['differences of a day', differencesQuery({ apps: ['a', 'b'], date: '2026-11-23' }, new Date())],
  ['rows of an image', rowsOfImageQuery('look_alikes', IMAGE)],
  ['snapshots', snapshotsQuery('images')],
  ['snapshots with an image', snapshotsWithImageQuery('images', IMAGE, ['1', '2'])],
  ['expire', expireStatement('images', 730, { brief: 90 })],
] as const)('%s is valid SQL for Trino, and so for Athena', (_, sql) => {
  expect(trino.validate(sql)).toEqual([])
})

test('the parser refuses invalid SQL', () => {
  expect(trino.validate('MERGE INTO images USING image_documents')).not.toEqual([])
})
