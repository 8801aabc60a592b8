import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openDocuments } from './index.ts'
import { processedDocument } from './testing/documents.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-spreadsheets-'))
})
afterAll(() => rm(folder, { recursive: true }))

const page = () => readFile(new URL('../../../docs/bi-tools.md', import.meta.url), 'utf8')

test('the query in docs/bi-tools.md leaves no formula at the beginning of a cell, and other names as they are', async () => {
  const [, sql = ''] = /```sql\n(.*?)```/s.exec(await page()) ?? []
  const formulas = ['=HYPERLINK("https://evil.example")', '+1', '-1+cmd', '@SUM(A1)', '\t=1', '\r=1', '\n=1']
  const harmless = ["it's a beach.jpg", 'a=b.jpg', '2026-11-23.jpg']
  const file = join(folder, 'documents.ndjson')
  const documents = [...formulas, ...harmless].map((filename) => processedDocument({ filename }))
  await writeFile(file, documents.map((document) => `${JSON.stringify(document)}\n`).join(''))
  const catalogue = await openDocuments(file)
  const { rows } = await catalogue.query(sql)
  catalogue.close()
  expect(rows.map(([, filename]) => filename).toSorted()).toEqual(
    [...formulas.map((formula) => `'${formula}`), ...harmless].toSorted(),
  )
})

test('no file that the command line exports is read by a spreadsheet', async () => {
  const catalogue = await openDocuments(await emptyDocuments())
  const files = await catalogue.exportTo(join(folder, 'export'))
  catalogue.close()
  expect(files.map((name) => name.split('.').at(-1)).toSorted()).toEqual(['duckdb', 'parquet', 'parquet'])
})

async function emptyDocuments(): Promise<string> {
  const file = join(folder, 'one.ndjson')
  await writeFile(file, `${JSON.stringify(processedDocument())}\n`)
  return file
}
