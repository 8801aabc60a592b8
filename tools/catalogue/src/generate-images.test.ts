import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dateOf, MetadataDocument } from '@darkroom/core'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generateImages, openDocuments } from './index.ts'

const generation = { images: 3000, seed: 1, days: 60, until: '2026-11-25' }
let folder: string
let documents: MetadataDocument[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'generate-images-'))
  const file = await generateImages(folder, generation, 'json')
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  documents = lines.map((line) => MetadataDocument.parse(JSON.parse(line)))
})
afterAll(() => rm(folder, { recursive: true }))

const share = (matches: (document: MetadataDocument) => boolean) =>
  documents.filter(matches).length / documents.length

test('every line is a metadata document of another image, within the days', () => {
  expect(new Set(documents.map(({ image_id }) => image_id)).size).toBe(3000)
  const days = documents.map(({ image_id }) => dateOf(image_id)).toSorted()
  expect([days[0], days.at(-1)]).toEqual(['2026-09-27', '2026-11-25'])
  for (const { image_id, accepted_at } of documents) expect(accepted_at.slice(0, 10)).toBe(dateOf(image_id))
})

test('nothing is later than the given time', async () => {
  const until = '2026-11-25T01:30:00.000Z'
  const file = await generateImages(join(folder, 'until'), { images: 2000, seed: 3, days: 2, until }, 'json')
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const times = lines.flatMap((line) => {
    const document = MetadataDocument.parse(JSON.parse(line))
    return [document.accepted_at, document.status === 'erased' ? document.erased_at : document.finished_at]
  })
  expect(times.toSorted().at(-1)?.slice(0, 13)).toBe('2026-11-25T01')
  expect(times.filter((time) => time > until)).toEqual([])
  const images = times.filter((time, index) => index % 2 === 0 && time.startsWith('2026-11-25'))
  // A sixteenth of the day is over.
  expect(images.length).toBeGreaterThan(40)
  expect(images.length).toBeLessThan(140)
})

test('has several attributes, warnings, and files that were sent more than once', () => {
  const processed = documents.filter((document) => document.status === 'processed')
  const keys = new Set(processed.flatMap(({ attributes }) => Object.keys(attributes)))
  expect([...keys].toSorted()).toEqual(['album', 'licence', 'note', 'photographer', 'sku'])
  expect(processed.some(({ attributes }) => Object.keys(attributes).length > 2)).toBe(true)
  expect(new Set(processed.flatMap(({ warnings = [] }) => warnings)).size).toBeGreaterThan(3)
  const byHash = Object.values(Object.groupBy(processed, ({ app, sha256 }) => `${app} ${sha256}`))
  const repeated = byHash.filter((images = []) => images.length > 1)
  expect(repeated.length).toBeGreaterThan(5)
  for (const [first, ...others] of repeated.map((images = []) => images))
    for (const other of others)
      expect([other.bytes, other.width, other.perceptual_hash]).toEqual([
        first?.bytes,
        first?.width,
        first?.perceptual_hash,
      ])
})

test('contains data for every query', () => {
  expect(new Set(documents.map(({ app }) => app)).size).toBe(5)
  expect(share(({ status }) => status === 'failed')).toBeCloseTo(0.025, 2)
  expect(share(({ status }) => status === 'erased')).toBeCloseTo(0.01, 2)
  expect(share((document) => document.status === 'processed' && document.origin === 'kafka')).toBeGreaterThan(
    0.1,
  )
  expect(share((document) => document.status === 'processed' && document.queued_ms > 2000)).toBeGreaterThan(
    0.001,
  )
})

test('the same seed generates the same documents, another seed others', async () => {
  const write = async (name: string, seed: number) =>
    readFile(await generateImages(join(folder, name), { ...generation, images: 100, seed }, 'json'), 'utf8')
  const first = await write('first', 1)
  expect(await write('again', 1)).toBe(first)
  expect(await write('other', 2)).not.toBe(first)
})

describe.each(['json', 'parquet'] as const)('as %s', (format) => {
  test('can be read as a catalogue, including look-alikes', async () => {
    const catalogue = await openDocuments(await generateImages(folder, generation, format))
    const count = async (table: string) =>
      Number((await catalogue.query(`SELECT count(*) FROM ${table}`)).rows[0]?.[0])
    expect(await count('image_documents')).toBe(3000)
    expect(await count('images_now')).toBe(documents.filter(({ status }) => status !== 'erased').length)
    expect(await count('near_duplicates')).toBeGreaterThan(80)
    catalogue.close()
  })
})
