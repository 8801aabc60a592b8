import { describe, expect, test } from '@jest/globals'
import { contradictionsIn, daysOf, type Retention } from './retention.ts'

const standard = {
  input: 30,
  processed: 365,
  metadata: 730,
  claims: 7,
  rejected: 30,
  uploads: 1,
  unfinishedUploads: 1,
}

const retentionOf = (apps: Retention['apps']): Retention => ({ default: standard, apps })

test('an app has its own days, and the default for the rest', () => {
  const retention = retentionOf({ brief: { input: 1, processed: 7 } })
  expect(daysOf(retention, 'brief')).toEqual({ input: 1, processed: 7, metadata: 730, claims: 7 })
  expect(daysOf(retention, 'another')).toEqual({ input: 30, processed: 365, metadata: 730, claims: 7 })
})

describe('a contradiction', () => {
  test('is an app that asks for more than the default, and what to do is said', () => {
    expect([...contradictionsIn(retentionOf({ long: { input: 90 } }))]).toEqual([
      {
        app: 'long',
        kind: 'input',
        message:
          '90 days is more than the default of 30, and S3 applies the shorter one. ' +
          'Set the default to 90, and add an entry for each app that keeps 30 days',
      },
    ])
  })

  test('is an original or a variant that is kept longer than its document', () => {
    const message = 'the document must be kept at least as long as the original and the variants, 365 days'
    const shorter = { default: { ...standard, metadata: 364 }, apps: {} }
    expect([...contradictionsIn(shorter)]).toEqual([{ kind: 'metadata', message }])
    expect([...contradictionsIn(retentionOf({ brief: { metadata: 90 } }))]).toEqual([
      { app: 'brief', kind: 'metadata', message },
    ])
    expect([...contradictionsIn(retentionOf({ brief: { metadata: 90, processed: 90 } }))]).toEqual([])
  })
})
