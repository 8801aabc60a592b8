import { expireStatement, mergeLookAlikesStatement, mergeStatement, readQueries } from '@darkroom/analytics'
import { type MetadataDocument, newImageId } from '@darkroom/core'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ATHENA_SESSION } from './athena-functions.ts'
import { createTables } from './create-tables.ts'
import { insertDocuments } from './insert-documents.ts'
import { failedDocument, processedDocument, receiptOf } from './testing/documents.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS)

let instance: DuckDBInstance
let connection: DuckDBConnection
beforeEach(async () => {
  instance = await DuckDBInstance.create(':memory:')
  connection = await instance.connect()
  for (const statement of [ATHENA_SESSION, ...createTables()]) await connection.run(statement)
})
afterEach(() => {
  connection.closeSync()
  instance.closeSync()
})

/** Replaces all documents. */
async function setDocuments(...documents: MetadataDocument[]): Promise<void> {
  await connection.run('DELETE FROM image_documents')
  await insertDocuments(
    connection,
    documents.map((document) => `${JSON.stringify(document)}\n`),
  )
}

const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson()

/** @returns the number of changed rows */
async function merge(days = 3): Promise<number> {
  const [changed = {}] = await rows(mergeStatement(days))
  await connection.run(mergeLookAlikesStatement(days))
  return Number(Object.values(changed)[0])
}

const images = () => rows('SELECT * FROM images ORDER BY image_id')

test('a row has the values of its document, with typed times and maps as JSON', async () => {
  const document = processedDocument({
    attributes: { album: "Fred's" },
    accepted_at: '2026-11-25T10:00:00.123Z',
  })
  await setDocuments(document)
  expect(await merge()).toBe(1)
  const [image] = await images()
  expect(image).toMatchObject({
    image_id: document.image_id,
    accepted_at: '2026-11-25 10:00:00.123',
    attributes: '{"album":"Fred\'s"}',
    bytes: String(document.bytes),
    perceptual_hash: document.perceptual_hash,
    had_location: true,
    failure_type: null,
  })
})

test('a second run changes nothing', async () => {
  await setDocuments(processedDocument(), processedDocument({ app: 'web-app-2' }), failedDocument())
  expect(await merge()).toBe(3)
  const before = await images()
  expect(await merge()).toBe(0)
  expect(await images()).toEqual(before)
})

test('a later document replaces the row of an earlier one', async () => {
  const failed = failedDocument()
  await setDocuments(failed)
  await merge()
  const developed = processedDocument({
    image_id: failed.image_id,
    finished_at: new Date(Date.now() + 1000).toISOString(),
  })
  await setDocuments(developed)
  expect(await merge()).toBe(1)
  expect(await images()).toMatchObject([{ status: 'processed', failure_type: null, failure_detail: null }])
})

describe('an erased image', () => {
  const erased = processedDocument({ perceptual_hash: 'ffffffffffffffff' })
  const alike = processedDocument({ perceptual_hash: 'fffffffffffffffe' })
  const results = () =>
    Promise.all(readQueries().map(async ({ name }) => [name, await rows(`SELECT * FROM ${name}`)] as const))

  test('is in no view after the next merge', async () => {
    await setDocuments(alike)
    await merge()
    const without = await results()
    await setDocuments(erased, alike)
    await merge()
    const changed = (await results()).filter(
      ([, result], n) => JSON.stringify(result) !== JSON.stringify(without[n]?.[1]),
    )
    expect(changed.map(([name]) => name)).toEqual(
      readQueries().flatMap(({ name }) => (name === 'failures' ? [] : name)),
    )
    await setDocuments(receiptOf(erased), alike)
    expect(await merge()).toBe(1)
    expect(await results()).toEqual(without)
  })

  test('that was never merged is not added', async () => {
    await setDocuments(receiptOf(erased))
    expect(await merge()).toBe(0)
    expect(await images()).toEqual([])
  })
})

describe('an image that was accepted before the last days', () => {
  const old = processedDocument({ image_id: newImageId(daysAgo(40)) })

  test('is not read, and its row stays', async () => {
    await setDocuments(old)
    expect(await merge(3)).toBe(0)
    await merge(60)
    await setDocuments(receiptOf(old))
    expect(await merge(3)).toBe(0)
    expect(await images()).toHaveLength(1)
  })

  test('is erased by the merge over all days', async () => {
    await setDocuments(old)
    await merge(730)
    await setDocuments(receiptOf(old))
    expect(await merge(730)).toBe(1)
    expect(await images()).toEqual([])
  })
})

test('rows expire as documents do', async () => {
  await setDocuments(
    processedDocument({ image_id: newImageId(daysAgo(731)) }),
    processedDocument({ image_id: newImageId(daysAgo(729)) }),
  )
  await merge(800)
  expect(await images()).toHaveLength(2)
  await connection.run(expireStatement('images', 730, { another: 90 }))
  expect(await images()).toHaveLength(1)
  await connection.run(expireStatement('images', 730, { another: 90, 'web-app-1': 365 }))
  expect(await images()).toHaveLength(0)
})
