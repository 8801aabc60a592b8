import { readFile } from 'node:fs/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { configurationFile } from '@darkroom/app-configuration/testing'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalCatalogue, openCatalogue } from './index.ts'
import { HOSTILE_TEXT, VALUES } from './testing/attribute-values.ts'
import { collectEvents, eventOf } from './testing/collect-documents.ts'
import { failedDocument, processedDocument, receiptOf } from './testing/documents.ts'

const string = { type: 'string' as const }
const number = { type: 'number' as const }
const boolean = { type: 'boolean' as const }
const time = { type: 'time' as const }
const apps = {
  shop: { attributes: { 'order-id': string, rating: number, express: boolean, shot: time, select: string } },
  other: { attributes: { 'order-id': string, rating: number, express: boolean, shot: time, select: string } },
  press: { attributes: { order_id: string, rating: string } },
  typed: { attributes: { 'a-number': number, 'a-boolean': boolean, 'a-time': time } },
  plain: {},
}

const aws = await startLocalAws()
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const s3 = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials })
const bucket = { s3, name: 'declared' }
let catalogue: LocalCatalogue
const rows = async (sql: string) => (await catalogue.query(sql)).rows
const image = (app: string, attributes: Record<string, string>) => processedDocument({ app, attributes })

beforeAll(async () => {
  process.env.APPS_FILE = configurationFile({ apps })
  await s3.send(new CreateBucketCommand({ Bucket: bucket.name }))
  const erased = image('shop', { rating: '1' })
  await collectEvents(
    bucket,
    [
      image('shop', {
        'order-id': HOSTILE_TEXT,
        rating: '4.5',
        express: 'true',
        shot: '2026-02-28T23:30:00-02:00',
      }),
      image('shop', { rating: 'five', express: 'yes', shot: '2026-02-30', colour: 'red', select: 'x' }),
      failedDocument({ app: 'shop', attributes: { rating: '-007' } }),
      image('shop', {}),
      image('other', { rating: '1e3', shot: '2026-02-28' }),
      image('press', { order_id: '12', rating: 'good' }),
      image('plain', { rating: '3', 'order-id': '13' }),
      erased,
      receiptOf(erased),
    ].map(eventOf),
  )
  catalogue = await openCatalogue(s3, bucket.name)
})
afterAll(async () => {
  delete process.env.APPS_FILE
  catalogue.close()
  s3.destroy()
  await aws.stop()
})

test('every declared attribute is a column of its type, for images of the apps that declare it', async () => {
  const sql = `SELECT app, attr_order_id, attr_rating_number, attr_rating, attr_express_boolean, attr_shot_time, attr_select
    FROM images_with_attributes ORDER BY app, attr_rating_number, attr_select`
  expect(await rows(sql)).toEqual([
    ['other', null, 1000, null, null, '2026-02-28 00:00:00', null],
    ['plain', null, null, null, null, null, null],
    ['press', '12', null, 'good', null, null, null],
    ['shop', null, -7, null, null, null, null],
    ['shop', HOSTILE_TEXT, 4.5, null, true, '2026-03-01 01:30:00', null],
    ['shop', null, null, null, null, null, 'x'],
    ['shop', null, null, null, null, null, null],
  ])
  const { columns } = await catalogue.query('SELECT * FROM images_with_attributes')
  const { columns: now } = await catalogue.query('SELECT * FROM images_now')
  const own = [
    'a_boolean_boolean',
    'a_number_number',
    'a_time_time',
    'express_boolean',
    'order_id',
    'rating',
    'rating_number',
    'select',
    'shot_time',
  ]
  expect(columns).toEqual([...now, ...own.map((name) => `attr_${name}`)])
})

test('what has no column is counted: attributes that are not declared, and values of another type', async () => {
  expect(
    await rows(
      'SELECT app, attribute, declared_type, images, of_other_type, different_values FROM attributes_by_app',
    ),
  ).toEqual([
    ['other', 'rating', 'number', '1', '0', '1'],
    ['other', 'shot', 'time', '1', '0', '1'],
    ['plain', 'order-id', null, '1', '0', '1'],
    ['plain', 'rating', null, '1', '0', '1'],
    ['press', 'order_id', 'string', '1', '0', '1'],
    ['press', 'rating', 'string', '1', '0', '1'],
    ['shop', 'colour', null, '1', '0', '1'],
    ['shop', 'express', 'boolean', '2', '1', '2'],
    ['shop', 'order-id', 'string', '1', '0', '1'],
    ['shop', 'rating', 'number', '3', '1', '3'],
    ['shop', 'select', 'string', '1', '0', '1'],
    ['shop', 'shot', 'time', '2', '1', '2'],
  ])
})

test('images are counted by the values that are of the declared type, without times', async () => {
  expect(
    await rows(`SELECT app, attribute, value, status, images, original_bytes FROM images_by_attribute
      WHERE attribute <> 'order-id' ORDER BY app, attribute, value`),
  ).toEqual([
    ['other', 'rating', '1e3', 'processed', '1', '1000000'],
    ['press', 'order_id', '12', 'processed', '1', '1000000'],
    ['press', 'rating', 'good', 'processed', '1', '1000000'],
    ['shop', 'express', 'true', 'processed', '1', '1000000'],
    ['shop', 'rating', '-007', 'failed', '1', '1000000'],
    ['shop', 'rating', '4.5', 'processed', '1', '1000000'],
    ['shop', 'select', 'x', 'processed', '1', '1000000'],
  ])
})

test('the questions in the documentation have answers', async () => {
  const page = await readFile(new URL('../../../docs/analytics.md', import.meta.url), 'utf8')
  const questions = [...page.matchAll(/```sql\n(SELECT [^`]+attribute[^`]+)```/g)].map(([, sql = '']) => sql)
  expect(await Promise.all(questions.map(rows))).toEqual([[['corrupt-image', '1']], [['five', '1']]])
})

describe('the types', () => {
  test.each(Object.entries(VALUES))(
    '%s is read as documented, whatever is sent',
    async (type, { valid, invalid }) => {
      const attribute = `a-${type}`
      const documents = [...valid, ...invalid].map((value) => image('typed', { [attribute]: value }))
      await collectEvents(bucket, documents.map(eventOf))
      await catalogue.refresh()
      const found = await rows(
        `SELECT value FROM image_attributes WHERE attribute = '${attribute}' AND is_of_type`,
      )
      expect(found.flat().toSorted()).toEqual(valid.toSorted())
      const column = `attr_a_${type}_${type}`
      expect(await rows(`SELECT count(${column}) FROM images_with_attributes`)).toEqual([
        [String(valid.length)],
      ])
    },
  )
})

test('without any declaration the views work, and no attribute is declared', async () => {
  process.env.APPS_FILE = configurationFile({ apps: { plain: {} } })
  const undeclared = await openCatalogue(s3, bucket.name)
  const { columns } = await undeclared.query('SELECT * FROM images_with_attributes')
  expect(columns).toEqual((await undeclared.query('SELECT * FROM images_now')).columns)
  expect(
    (await undeclared.query('SELECT count(DISTINCT app), count(declared_type) FROM image_attributes')).rows,
  ).toEqual([['5', '0']])
  undeclared.close()
})
