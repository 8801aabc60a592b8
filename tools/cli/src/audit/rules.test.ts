import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { imagePrefix, newImageId, PLACES, type Place } from '@darkroom/core'
import { expect, test } from '@jest/globals'
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

test('every bucket of the services is looked at, or said not to be', () => {
  const buckets = templateTexts().flatMap((text) =>
    [...text.matchAll(/^ +(\w+):\n +Type: AWS::S3::Bucket$/gm)].map(([, name]) => name ?? ''),
  )
  expect(buckets.toSorted()).toEqual(['Bucket', 'CatalogueBucket', 'QueryResults', 'UndeliveredBucket'])
})

test('nothing else of the templates stores anything', () => {
  const types = templateTexts().flatMap((text) =>
    [...text.matchAll(/^ +Type: (AWS::\w+::\w+)$/gm)].map(([, type]) => type ?? ''),
  )
  const storing =
    /DynamoDB|RDS|EFS|ElastiCache|Kinesis|OpenSearch|S3::(?!Bucket(Policy)?$)|SQS::(?!Queue(Policy)?$)/
  expect(types.length).toBeGreaterThan(30)
  expect(types.filter((type) => storing.test(type))).toEqual([])
})

test('undelivered records are kept and tried for as long as the template says', () => {
  const template = readFileSync(join(REPOSITORY, 'services/kafka-bridge/serverless.yml'), 'utf8')
  expect(template).toContain(`undeliveredRetentionDays: ${UNDELIVERED_DAYS}`)
  expect(template).toContain(`MessageRetentionPeriod: ${TRIED_DAYS * 24 * 3600}`)
  expect(template).toMatch(/undeliveredBucket:\n +Fn::Sub: undelivered-\$\{sls:stage\}-/)
})
