import { expireStatement, mergeLookAlikesStatement, mergeStatement, readQueries } from '@darkroom/analytics'
import { type MetadataDocument, newImageId } from '@darkroom/core'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ATHENA_SESSION } from './athena-functions.ts'
import { createTables } from './create-tables.ts'
import { insertDocuments } from './insert-documents.ts'
import { failedDocument, processedDocument, receiptOf } from './testing/documents.ts'

const DAY = 24 * 60 * 60 * 1000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY)

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

/** The documents that S3 has now, in place of those it had. */
async function documentsAre(...documents: MetadataDocument[]): Promise<void> {
  await connection.run('DELETE FROM image_documents')
  await insertDocuments(
    connection,
    documents.map((document) => `${JSON.stringify(document)}\n`),
  )
}

const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson()

/** How many rows it changed. */
async function merge(days = 3): Promise<number> {
  const [changed = {}] = await rows(mergeStatement(days))
  await connection.run(mergeLookAlikesStatement(days))
  return Number(Object.values(changed)[0])
}

const images = () => rows('SELECT * FROM images ORDER BY image_id')

test('a row has what the document has, with times as such and maps as JSON', async () => {
  const document = processedDocument({
    attributes: { album: "Fred's" },
    accepted_at: '2026-11-25T10:00:00.123Z',
  })
  await documentsAre(document)
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

test('run twice it changes nothing', async () => {
  await documentsAre(processedDocument(), processedDocument({ app: 'web-app-2' }), failedDocument())
  expect(await merge()).toBe(3)
  const before = await images()
  expect(await merge()).toBe(0)
  expect(await images()).toEqual(before)
})

test('a later document replaces the row of an earlier one', async () => {
  const failed = failedDocument()
  await documentsAre(failed)
  await merge()
  const developed = processedDocument({
    image_id: failed.image_id,
    finished_at: new Date(Date.now() + 1000).toISOString(),
  })
  await documentsAre(developed)
  expect(await merge()).toBe(1)
  expect(await images()).toMatchObject([{ status: 'processed', failure_type: null, failure_detail: null }])
})

describe('an erased image', () => {
  const erased = processedDocument({ perceptual_hash: 'ffffffffffffffff' })
  const alike = processedDocument({ perceptual_hash: 'fffffffffffffffe' })
  const answers = () =>
    Promise.all(readQueries().map(async ({ name }) => [name, await rows(`SELECT * FROM ${name}`)] as const))

  test('is in no view after the next merge, as if it had never been', async () => {
    await documentsAre(alike)
    await merge()
    const without = await answers()
    await documentsAre(erased, alike)
    await merge()
    const unlike = (await answers()).filter(
      ([, answer], n) => JSON.stringify(answer) !== JSON.stringify(without[n]?.[1]),
    )
    expect(unlike.map(([name]) => name)).toEqual(
      readQueries().flatMap(({ name }) => (name === 'failures' ? [] : name)),
    )
    await documentsAre(receiptOf(erased), alike)
    expect(await merge()).toBe(1)
    expect(await answers()).toEqual(without)
  })

  test('that was never merged does not come in', async () => {
    await documentsAre(receiptOf(erased))
    expect(await merge()).toBe(0)
    expect(await images()).toEqual([])
  })
})

describe('an image that was accepted before the last days', () => {
  const old = processedDocument({ image_id: newImageId(daysAgo(40)) })

  test('is not looked at, and what is known of it stays', async () => {
    await documentsAre(old)
    expect(await merge(3)).toBe(0)
    await merge(60)
    await documentsAre(receiptOf(old))
    expect(await merge(3)).toBe(0)
    expect(await images()).toHaveLength(1)
  })

  test('is erased by the merge over all days', async () => {
    await documentsAre(old)
    await merge(730)
    await documentsAre(receiptOf(old))
    expect(await merge(730)).toBe(1)
    expect(await images()).toEqual([])
  })
})

test('rows expire as documents do', async () => {
  await documentsAre(
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
