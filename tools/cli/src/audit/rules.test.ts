import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { imagePrefix, newImageId, PLACES, type Place } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { QUEUES } from './queues.ts'
import { RULES } from './rules.ts'

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

/** Queues of the catalogue's schedules: no image and no app is in their messages. */
const WITHOUT_IMAGES = ['merge-dead-letters']
/** Events of S3: each only names an object, which the audit looks at itself. */
const OF_S3_EVENTS = ['images-watch', 'outcomes', 'outcomes-dead-letters', 'undelivered']

test('every queue of the services is looked at', () => {
  const names = templateTexts().flatMap((text) =>
    [...text.matchAll(/QueueName: darkroom-\$\{sls:stage\}-(\S+)/g)].map(([, name]) => name ?? ''),
  )
  const expected = [...QUEUES.map((suffix) => `images${suffix}`), ...WITHOUT_IMAGES, ...OF_S3_EVENTS]
  expect(names.toSorted()).toEqual(expected.toSorted())
  expect(names.length).toBeGreaterThan(2)
})
