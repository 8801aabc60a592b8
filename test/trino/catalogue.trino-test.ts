import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import {
  attributeViews,
  baseViews,
  type Catalogue,
  ICEBERG_TABLES,
  MAX_DIFFERENCES,
  type MaintenanceStep,
  maintenanceStatement,
  mergeCollected,
  mergedDaysQuery,
  readQueries,
  readWatermark,
} from '@darkroom/analytics'
import { type AttributeType, readConfiguration, retentionOf } from '@darkroom/app-configuration'
import { configurationFile } from '@darkroom/app-configuration/testing'
import { generateImages, type LocalCatalogue, openCatalogue } from '@darkroom/catalogue'
import { collectedKey, type MetadataDocument, metadataKey, OUTCOMES } from '@darkroom/core'
import { collectFigures } from '@darkroom/dashboard'
import { type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { HOSTILE_TEXT, VALUES } from '../../tools/catalogue/src/testing/attribute-values.ts'
import { collectEvents, eventOf, refusalOf } from '../../tools/catalogue/src/testing/collect-documents.ts'
import { failedDocument, receiptOf } from '../../tools/catalogue/src/testing/documents.ts'
import { checkCatalogue } from '../../tools/cli/src/audit/check-catalogue.ts'
import { lookInCatalogue } from '../../tools/cli/src/audit/look-in-catalogue.ts'
import { packageService, type Resource } from '../package-service.ts'
import { createCatalogue } from './create-catalogue.ts'
import { startTrino, type Trino } from './start-trino.ts'

const SCHEMA = 'darkroom_dev'
/** As `resolveIntrinsics` names the buckets in the templates. */
const BUCKET = 'darkroom-dev-123456789012-us-east-1'
const CATALOGUE_BUCKET = 'cataloguebucket'
/** Two of the five generated apps, because Trino looks up every day of every app in S3. */
const APPS = ['web-app-1', 'press']
const IMAGES = 2500
/** The retention of the app press. */
const SHORT_RETENTION_DAYS = 7

let folder: string
let aws: LocalAws
let s3: S3Client
let resources: Record<string, Resource>
let trino: Trino
let documents: MetadataDocument[]
/** The same events and documents in DuckDB. */
let local: LocalCatalogue

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catalogue-in-trino-'))
  aws = await startLocalAws()
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  s3 = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials, forcePathStyle: true })
  for (const Bucket of [BUCKET, CATALOGUE_BUCKET]) await s3.send(new CreateBucketCommand({ Bucket }))
  process.env.APPS_FILE = configuration()
  resources = (await packageService('analytics-catalog')).resources
  trino = await startTrino(aws.endpoint, SCHEMA)
  await createCatalogue(trino, resources, SCHEMA)
  documents = [...(await generatedDocuments()), ...withAttributes()]
  await commit(...documents)
  await refuse()
  local = await openCatalogue(s3, BUCKET)
})

afterAll(async () => {
  local?.close()
  await trino?.stop()
  s3?.destroy()
  await aws?.stop()
  await rm(folder, { recursive: true })
})

/** An app with attributes of every type, and one with a short retention. */
function configuration(): string {
  const { input, processed, metadata } = readConfiguration().retentionDays
  const fewer = {
    input: SHORT_RETENTION_DAYS,
    processed: SHORT_RETENTION_DAYS,
    metadata: SHORT_RETENTION_DAYS,
  }
  expect(Math.min(input, processed, metadata)).toBeGreaterThan(SHORT_RETENTION_DAYS)
  const type = (type: AttributeType) => ({ type })
  const declared = {
    ...{
      album: type('string'),
      'a-number': type('number'),
      a_boolean: type('boolean'),
      select: type('time'),
    },
    ...{ photographer: type('number') },
  }
  return configurationFile({
    apps: {
      'web-app-1': { attributes: declared },
      press: { retentionDays: fewer, attributes: { a_number: type('number'), note: type('string') } },
    },
  })
}

async function generatedDocuments(): Promise<MetadataDocument[]> {
  const now = new Date().toISOString()
  const generation = { images: IMAGES, seed: 12, days: 20, until: now.slice(0, 10) }
  const lines = (await readFile(await generateImages(folder, generation, 'json'), 'utf8')).split('\n')
  const documents = lines.filter(Boolean).map((line): MetadataDocument => JSON.parse(line))
  return documents.filter(({ app }) => APPS.includes(app))
}

/** A failed image for each value of `VALUES`. */
function withAttributes(): MetadataDocument[] {
  const values = (type: keyof typeof VALUES) => [...VALUES[type].valid, ...VALUES[type].invalid]
  const attributes: Record<string, string>[] = [
    ...values('number').map((value) => ({ 'a-number': value })),
    ...values('boolean').map((value) => ({ a_boolean: value })),
    ...values('time').map((value) => ({ select: value })),
    { album: HOSTILE_TEXT, undeclared: HOSTILE_TEXT, a_number: '1' },
  ]
  const inPress = failedDocument({ app: 'press', attributes: { a_number: '-2.5', album: 'none', note: '' } })
  return [...attributes.map((attributes) => failedDocument({ attributes })), inPress]
}

/** Writes documents, and a file of their events: as image-processor and collectEvents do. */
async function commit(...committed: MetadataDocument[]): Promise<void> {
  for (const document of committed) {
    const Key = metadataKey({ app: document.app, imageId: document.image_id })
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: JSON.stringify(document) }))
  }
  await collectEvents({ s3, name: BUCKET }, committed.map(eventOf))
}

/** One of them was collected twice. */
async function refuse(): Promise<void> {
  const bucket = { s3, name: BUCKET }
  const once = refusalOf({ refusals: 3, bytes: 700, found_type: 'application/pdf', user_agent: 'curl' })
  const others = [refusalOf({ app: 'press', declared_type: 'image/png' }), refusalOf({ origin: 'kafka' })]
  await collectEvents(bucket, [once, ...others])
  await collectEvents(bucket, [once])
}

/** What mergeOutcomes does in Athena: at once, or when the last file is old enough for the watermark. */
const merge = (minutesLater = 0) =>
  mergeCollected(trino, { s3, name: BUCKET }, { now: Date.now() + minutesLater * 60_000 })

/** What `mergeOutcomes` has Athena do, in Trino's words. Nothing is kept for longer than the statement needs. */
async function maintain(step: MaintenanceStep): Promise<void> {
  const [, days] =
    /^OPTIMIZE \w+ REWRITE DATA USING BIN_PACK (WHERE .*)$/.exec(maintenanceStatement(step)) ?? []
  const actions = days
    ? [`optimize ${days}`]
    : ['expire_snapshots', 'remove_orphan_files'].map((action) => `${action}(retention_threshold => '0s')`)
  for (const action of actions) await trino.query(`ALTER TABLE ${step.table} EXECUTE ${action}`)
}

/** Runs the statement that a schedule passes to Athena. @returns the number of changed rows */
async function runScheduled(schedule: string): Promise<number> {
  const { QueryString } = JSON.parse(resources[schedule]?.Properties.Target.Input)
  const { rows } = await trino.query(QueryString)
  return Number(rows[0]?.[0])
}

/** Converts both engines' values to the same format: numbers with six digits, times without trailing zeros. */
function normalize(value: unknown): unknown {
  const text = String(value)
  if (/^-?\d+(\.\d+)?(E-?\d+)?$/i.test(text)) return Number(Number(text).toPrecision(6))
  if (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\./.test(text)) return text.replace(/\.?0+$/, '')
  return text
}

const inOrder = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row.map(normalize))).toSorted()

const inTrino = async (sql: string) => inOrder((await trino.query(sql)).rows)
const inDuckDb = async (sql: string) => inOrder((await local.query(sql)).rows)

test('the table over the documents has all their fields', async () => {
  const fields =
    'image_id, app, dt, status, accepted_at, bytes, sha256, preset_version, variants[1].width, had_location'
  const sql = `SELECT ${fields} FROM image_documents`
  expect(await inTrino(sql)).toHaveLength(documents.length)
  expect(await inTrino(sql)).toEqual(await inDuckDb(sql))
})

/** What the audit of a deployment says of its catalogue. */
const differences = async () => {
  const now = Date.now()
  const context = {
    bucket: { s3, name: BUCKET },
    retention: retentionOf(readConfiguration()),
    now,
    settledMs: 0,
  }
  const breaches = await checkCatalogue(context, { catalogue: trino, collected: new Date(now) })
  return breaches.map(({ class: kind, key }) => `${kind} ${key}`)
}
const keyOf = ({ app, image_id }: MetadataDocument) => metadataKey({ app, imageId: image_id })

const COLUMNS =
  'image_id, app, dt, status, accepted_at, finished_at, attributes, bytes, camera_model, taken_at'
/** As JSON, attributes differ: Trino sorts the keys and escapes emoji. */
const parseAttributes = (rows: string[]) =>
  rows.map((row) => JSON.parse(row)).map((row) => row.with(6, JSON.parse(row[6])))
const imagesNow = async () => parseAttributes(await inTrino(`SELECT ${COLUMNS} FROM images_now`))

test('collected images are in images_now before they are merged, as in DuckDB', async () => {
  expect(await inTrino('SELECT image_id FROM images')).toEqual([])
  const expected = parseAttributes(await inDuckDb(`SELECT ${COLUMNS} FROM images_now`))
  expect(expected.length).toBeGreaterThan(500)
  expect(await imagesNow()).toEqual(expected)
  expect(await differences()).toEqual([])
})

test('the merge brings them into the table, and images_now stays the same, however often it runs', async () => {
  const before = await imagesNow()
  for (const minutesLater of [0, 0, 10]) {
    await merge(minutesLater)
    const rows = `SELECT count(*) FROM images WHERE status NOT IN ('erased', 'watermark')`
    expect(await inTrino(rows)).toEqual([JSON.stringify([before.length])])
    expect(await imagesNow()).toEqual(before)
  }
  expect(await differences()).toEqual([])
})

test('images_now and the merge read no file of the hours before the watermark', async () => {
  const time = new Date(Date.now() - 5 * 3_600_000).toISOString()
  const Key = collectedKey({ kind: OUTCOMES, time, file: '00000000' })
  // Reading it would fail.
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'not compressed' }))
  await expect(trino.query('SELECT count(*) FROM collected_outcomes')).rejects.toThrow()
  await trino.query('SELECT count(*) FROM images_now')
  await merge()
  await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }))
})

test('the audit finds rows that are missing, up to a limit', async () => {
  await trino.query('CREATE TABLE kept AS SELECT * FROM images')
  await trino.query(`DELETE FROM images WHERE dt > DATE '1970-01-01'`)
  expect(await inTrino('SELECT image_id FROM outcomes_not_merged')).toEqual([])
  const found = await differences()
  expect(found.length).toBeGreaterThan(MAX_DIFFERENCES)
  // Only the first thousand are read.
  expect(found.at(-1)).toBe('catalogue-difference images')
  const finished = documents.filter(({ status }) => status !== 'erased')
  const missing = finished.map((document) => `catalogue-difference ${keyOf(document)}`)
  expect(missing).toEqual(expect.arrayContaining(found.slice(0, -1)))
  await trino.query('DELETE FROM images')
  await trino.query('INSERT INTO images SELECT * FROM kept')
  await trino.query('DROP TABLE kept')
  expect(await differences()).toEqual([])
})

test('look-alikes are the same as in DuckDB, and a second run changes nothing', async () => {
  await runScheduled('LookAlikesSchedule')
  await runScheduled('LookAlikesCatchUpSchedule')
  const lookAlikes = await inTrino('SELECT * FROM look_alikes')
  expect(lookAlikes.length).toBeGreaterThan(10)
  expect(lookAlikes).toEqual(await inDuckDb('SELECT * FROM look_alikes'))
  for (const schedule of ['LookAlikesSchedule', 'LookAlikesCatchUpSchedule'])
    expect(await runScheduled(schedule)).toBe(0)
})

test('a search for look-alikes reads all images once, and those of its days twice', async () => {
  const { QueryString } = JSON.parse(resources.LookAlikesSchedule?.Properties.Target.Input)
  const { rows } = await trino.query(`EXPLAIN ${QueryString}`)
  const scans = [...rows.join('\n').matchAll(/Scan\w*\[table = \w+:\w+\.images\$data@\d+(.*?)[,\]]/g)]
  const ofDays = ' constraint on [dt'
  expect(scans.map(([, constraint]) => constraint).toSorted()).toEqual(['', ofDays, ofDays])
})

test.each([...baseViews().filter(({ name }) => name !== 'outcomes_not_merged'), ...readQueries()])(
  'the view $name has the same result as in DuckDB',
  async ({ name, columns }) => {
    // Percentiles are approximate, and each engine has its own algorithm.
    const exact = columns.flatMap(({ name }) => (/^p\d\d_|^attributes$/.test(name) ? [] : name))
    const sql = `SELECT ${exact.join(', ')} FROM ${name}`
    const result = await inTrino(sql)
    expect(result).not.toEqual([])
    expect(result).toEqual(await inDuckDb(sql))
  },
)

test.each(['images_with_attributes', 'image_attributes'])(
  'the view %s has the attributes that the apps declare, as in DuckDB',
  async (name) => {
    const view = attributeViews().find((view) => view.name === name)
    const columns = view?.columns.flatMap(({ name }) => (name === 'attributes' ? [] : name)) ?? []
    const sql = `SELECT ${columns.join(', ')} FROM ${name}`
    expect(await inTrino(sql)).toEqual(await inDuckDb(sql))
  },
)

test('a value of an attribute is of its type in Trino if it is as documented', async () => {
  for (const [attribute, type] of [
    ['a-number', 'number'],
    ['a_boolean', 'boolean'],
    ['select', 'time'],
  ] as const) {
    const { rows } = await trino.query(
      `SELECT value FROM image_attributes WHERE attribute = '${attribute}' AND is_of_type`,
    )
    expect(rows.flat().toSorted()).toEqual(VALUES[type].valid.toSorted())
  }
  const columns = 'attr_a_number_number, attr_a_boolean_boolean, attr_select_time, attr_photographer_number'
  const { rows } = await trino.query(
    `SELECT ${columns.replaceAll(/\w+/g, 'count($&)')} FROM images_with_attributes`,
  )
  const { number, boolean, time } = VALUES
  expect(rows.flat().map(Number)).toEqual([
    number.valid.length + 1,
    boolean.valid.length,
    time.valid.length,
    0,
  ])
  const text = `'${HOSTILE_TEXT.replaceAll("'", "''")}'`
  const hostile = `SELECT count(*) FROM images_with_attributes WHERE attr_album = ${text}`
  expect((await trino.query(hostile)).rows).toEqual([['1']])
})

test('percentiles are similar to those of DuckDB', async () => {
  const sql = 'SELECT p50_seconds, p95_seconds FROM time_to_ready ORDER BY dt DESC, app LIMIT 20'
  const [answer, other] = [(await trino.query(sql)).rows.flat(), (await local.query(sql)).rows.flat()]
  expect(answer.length).toBe(40)
  const ratios = answer.map((seconds, n) => Number(seconds) / Number(other[n]))
  for (const ratio of ratios) expect(ratio).toBeGreaterThan(0.5)
  for (const ratio of ratios) expect(ratio).toBeLessThan(2)
  expect(ratios.toSorted((one, another) => one - another)[20]).toBeCloseTo(1, 1)
})

test('the dashboard shows the same', async () => {
  const figuresOf = async (catalogue: Catalogue) => {
    const { figures, attributeFiles } = await collectFigures(catalogue, { days: 90 })
    expect(Object.keys(attributeFiles)).toEqual(['attributes/press.json', 'attributes/web-app-1.json'])
    const tables = Object.entries({ ...figures.views, ...attributeFiles })
    return [figures.attributes, ...tables.map(([name, { rows }]) => [name, inOrder(rows)])]
  }
  expect(await figuresOf(trino)).toEqual(await figuresOf(local))
})

test('an erased image is in no view as soon as its receipt is collected, and in no table after the next merges', async () => {
  const { rows } = await trino.query(`SELECT other_image_id FROM look_alikes
    WHERE dt = (SELECT max(dt) FROM look_alikes)`)
  const erased = documents.find(({ image_id }) => image_id === rows[0]?.[0])
  if (!erased) throw new Error('there is no look-alike')
  await commit(receiptOf(erased))
  await local.refresh()
  const expectErased = async () => {
    for (const { name, columns } of readQueries()) {
      const exact = columns.flatMap(({ name }) => (/^p\d\d_/.test(name) ? [] : name))
      const sql = `SELECT ${exact.join(', ')} FROM ${name}`
      const result = await inTrino(sql)
      expect(result.join()).not.toContain(erased.image_id)
      // Another pair of the erased image's can take its place at the next search for look-alikes.
      if (!name.startsWith('near_duplicates')) expect([name, result]).toEqual([name, await inDuckDb(sql)])
    }
    expect(await differences()).toEqual([])
  }
  await expectErased()
  await merge()
  await expectErased()
  expect(await runScheduled('LookAlikesSchedule')).toBeGreaterThan(0)
  await expectErased()
  const lookAlikes = 'SELECT * FROM look_alikes'
  expect(await inTrino(lookAlikes)).toEqual(await inDuckDb(lookAlikes))
})

test('an erased image is in tables until the merge, and in files and snapshots until the maintenance', async () => {
  const { rows } = await trino.query(`SELECT other_image_id, dt FROM look_alikes
    WHERE dt = (SELECT max(dt) FROM look_alikes)`)
  const erased = documents.find(({ image_id }) => image_id === rows[0]?.[0])
  if (!erased) throw new Error('there is no look-alike')
  const image = { app: erased.app, imageId: erased.image_id }
  await s3.send(new CreateBucketCommand({ Bucket: 'results' }))
  const searched = { catalogue: trino, stored: { results: 's3://results/analysts/' } }
  const foundIn = async () => {
    const places: string[] = []
    for await (const { place, found } of lookInCatalogue({ s3, name: BUCKET }, image, searched))
      if (found.length > 0) places.push(place)
    return places
  }
  const stored = ['images', 'look_alikes'].flatMap((table) => [`snapshots of ${table}`, `files of ${table}`])
  expect((await foundIn()).toSorted()).toEqual(
    ['table images', 'table look_alikes', 'table image_documents', ...stored].toSorted(),
  )
  // All that is collected is before the watermark, so the files of other days have nothing that is later.
  await merge(10)
  const watermark = await readWatermark(trino)
  await commit(receiptOf(erased))
  await local.refresh()
  await merge()
  await runScheduled('LookAlikesSchedule')
  expect((await foundIn()).toSorted()).toEqual(stored.toSorted())
  const { rows: changed } = await trino.query(mergedDaysQuery(watermark))
  const days = changed.map(([day]) => String(day))
  expect(days).toEqual([rows[0]?.[1]])
  const rowsOf = () => Promise.all(ICEBERG_TABLES.map((table) => inTrino(`SELECT * FROM ${table}`)))
  const before = await rowsOf()
  for (const table of ICEBERG_TABLES) await maintain({ kind: 'rewrite', table, days })
  for (const table of ICEBERG_TABLES) await maintain({ kind: 'clean', table })
  expect(await foundIn()).toEqual([])
  expect(await rowsOf()).toEqual(before)
  const result = { Bucket: 'results', Key: 'analysts/one.csv', Body: `"image_id"\n"${image.imageId}"\n` }
  await s3.send(new PutObjectCommand(result))
  expect(await foundIn()).toEqual(['query results'])
})

test('rows expire with their documents, earlier for one app', async () => {
  const daysOf = (app: string) => inTrino(`SELECT DISTINCT dt FROM images WHERE app = '${app}'`)
  expect((await daysOf('press')).length).toBeGreaterThan(SHORT_RETENTION_DAYS + 1)
  const others = await daysOf('web-app-1')
  for (const schedule of ['ExpireSchedule', 'LookAlikesExpireSchedule'])
    expect(await runScheduled(schedule)).toBeGreaterThan(0)
  expect((await daysOf('press')).length).toBeLessThanOrEqual(SHORT_RETENTION_DAYS + 1)
  expect(await daysOf('web-app-1')).toEqual(others)
})
