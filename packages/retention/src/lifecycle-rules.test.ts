import { describe, expect, test } from '@jest/globals'
import { lifecycleRules, tooManyRules } from './lifecycle-rules.ts'
import type { Retention } from './retention.ts'

const standard = {
  input: 30,
  processed: 365,
  metadata: 730,
  claims: 7,
  rejected: 30,
  uploads: 1,
  unfinishedUploads: 2,
}
const retentionOf = (apps: Retention['apps']): Retention => ({ default: standard, apps })

/** Days by prefix. */
const expirations = (apps: Retention['apps']) =>
  Object.fromEntries(
    lifecycleRules(retentionOf(apps)).flatMap(({ Prefix, ExpirationInDays }) =>
      Prefix === undefined ? [] : [[Prefix, ExpirationInDays]],
    ),
  )

const defaults = {
  'input/': 30,
  'processed/': 365,
  'metadata/': 730,
  'claims/': 7,
  'hashes/': 30,
  'events/': 730,
  'linked/': 730,
  'rejected/': 30,
  'uploads/': 1,
  'collected/outcomes/': 3,
  'collected/': 90,
}

/** This many apps, each with its own retention. */
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`app-${n}`, { input: 1, claims: 1 }]))

describe('the list of lifecycle rules', () => {
  test('has one per kind', () => {
    expect(expirations({})).toEqual(defaults)
  })

  test('has one more for each kind with a shorter retention in an app', () => {
    expect(expirations({ brief: { input: 1, processed: 7, metadata: 90, claims: 7 }, other: {} })).toEqual({
      ...defaults,
      'input/brief/': 1,
      'processed/brief/': 7,
      'hashes/brief/': 1,
      'metadata/app=brief/': 90,
      'events/brief/': 90,
      'linked/brief/': 90,
    })
  })

  test('has unique names', () => {
    const names = lifecycleRules(retentionOf(many(20))).map(({ Id }) => Id)
    expect(new Set(names).size).toBe(names.length)
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(255)
  })

  test('deletes old versions and unfinished multipart uploads', () => {
    expect(lifecycleRules(retentionOf({}))).toContainEqual({
      Id: 'remove-leftovers',
      Status: 'Enabled',
      ExpiredObjectDeleteMarker: true,
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
    })
  })

  test('can be longer than a bucket allows, which is said', () => {
    expect(lifecycleRules(retentionOf(many(329)))).toHaveLength(12 + 3 * 329)
    expect(tooManyRules(retentionOf(many(329)))).toBeUndefined()
    expect(tooManyRules(retentionOf(many(330)))).toMatch(
      /need 1002 lifecycle rules, and a bucket can have 1000/,
    )
  })
})
