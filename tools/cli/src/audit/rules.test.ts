import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { S3Client } from '@aws-sdk/client-s3'
import { ICEBERG_TABLES } from '@darkroom/analytics'
import { imagePrefix, newImageId, PLACES, type Place } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { CATALOGUE_PLACES, lookInCatalogue } from './look-in-catalogue.ts'
import { QUEUE_NAMES } from './queues.ts'
import { RULES } from './rules.ts'
import { TRIED_DAYS, UNDELIVERED_DAYS } from './undelivered.ts'

const REPOSITORY = join(import.meta.dirname, '../../../..')

function templateTexts(): string[] {
  return globSync('services/*/{serverless,resources/*}.yml', { cwd: REPOSITORY }).map((file) =>
    readFileSync(join(REPOSITORY, file), 'utf8'),
  )
}

/** Places without a rule. */
function withoutRule(places: readonly string[], rules: object): string[] {
  return places.filter((place) => !(place in rules))
}

test('every place of the bucket has a rule', () => {
  expect(withoutRule(PLACES, RULES)).toEqual([])
  // This is how a new prefix in keys.ts fails.
  expect(withoutRule([...PLACES, 'drafts'], RULES)).toEqual(['drafts'])
})

test('every prefix that a function may use is a place', () => {
  const granted = templateTexts().flatMap((text) =>
    [...text.matchAll(/\[\{ Fn::GetAtt: \[Bucket, Arn\] \}, \/([a-z]+)\/|\*bucketArn, \/([a-z]+)\//g)].map(
      ([, own, shared]) => own ?? shared ?? '',
    ),
  )
  expect(granted.length).toBeGreaterThan(20)
  expect(withoutRule([...new Set(granted)], RULES)).toEqual([])
})

test('places are checked with their image exactly if their keys contain one', () => {
  const image = { app: 'a', imageId: newImageId() }
  const joined = PLACES.filter((place) => imagePrefix(place, image) !== undefined)
  const ruled = (Object.keys(RULES) as Place[]).filter((place) => RULES[place] === 'with its image')
  expect(ruled.toSorted()).toEqual(joined.toSorted())
})

test('every queue of the services is looked at', () => {
  const names = templateTexts().flatMap((text) =>
    [...text.matchAll(/QueueName: darkroom-\$\{sls:stage\}-(\S+)/g)].map(([, name]) => name ?? ''),
  )
  expect(names.toSorted()).toEqual(QUEUE_NAMES.toSorted())
})

/** Where the search for an erased image looks into each bucket of the services. */
const BUCKETS: Record<string, string[]> = {
  Bucket: PLACES.map((place) => `${place}/`),
  UndeliveredBucket: ['undelivered records'],
  // Says who erased the image; an erasure leaves it (docs/audit-trail.md).
  AuditBucket: [],
  CatalogueBucket: CATALOGUE_PLACES.files,
  QueryResults: CATALOGUE_PLACES.results,
}

test('the search for an erased image names every bucket, table and queue of the templates', async () => {
  const resources = templateTexts().flatMap((text) => [
    ...text.matchAll(/^ +(?<id>\w+):\n +Type: AWS::(?<type>S3::Bucket|SQS::Queue)$/gm),
  ])
  const idsOf = (type: string) =>
    resources.flatMap(({ groups = {} }) => (groups.type === type ? (groups.id ?? '') : []))
  expect(idsOf('S3::Bucket').toSorted()).toEqual(Object.keys(BUCKETS).toSorted())
  expect(idsOf('SQS::Queue')).toHaveLength(QUEUE_NAMES.length)
  const looked: string[] = []
  const bucket = { s3: new S3Client({ region: 'us-east-1' }), name: 'none' }
  for await (const { place } of lookInCatalogue(bucket, { app: 'a', imageId: newImageId() }, undefined))
    looked.push(place)
  expect(looked).toEqual(Object.values(CATALOGUE_PLACES).flat())
  expect(CATALOGUE_PLACES.files).toHaveLength(ICEBERG_TABLES.length)
  const others = [...PLACES.map((place) => `${place}/`), 'undelivered records']
  for (const place of Object.values(BUCKETS).flat()) expect([...looked, ...others]).toContain(place)
})

test('nothing else of the templates stores anything', () => {
  const types = templateTexts().flatMap((text) =>
    [...text.matchAll(/^ +Type: (AWS::\w+::\w+)$/gm)].map(([, type]) => type ?? ''),
  )
  const storing =
    /DynamoDB|RDS|EFS|ElastiCache|Kinesis(?!Firehose)|OpenSearch|S3::(?!Bucket(Policy)?$)|SQS::(?!Queue(Policy)?$)/
  expect(types.length).toBeGreaterThan(30)
  // What apps have sent in all: it names no image and no uploader.
  expect(types.filter((type) => storing.test(type))).toEqual(['AWS::DynamoDB::Table'])
})

test('undelivered records are kept and tried for as long as the template says', () => {
  const template = readFileSync(join(REPOSITORY, 'services/kafka-bridge/serverless.yml'), 'utf8')
  expect(template).toContain(`undeliveredRetentionDays: ${UNDELIVERED_DAYS}`)
  expect(template).toContain(`MessageRetentionPeriod: ${TRIED_DAYS * 24 * 3600}`)
  expect(template).toMatch(/undeliveredBucket:\n +Fn::Sub: undelivered-\$\{sls:stage\}-/)
})
