import { firstIdAt, inputKey, metadataKey, rejectedKey } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { deadlineOf, deletionOf, isPastDeadline } from './deadlines.ts'
import type { Retention } from './retention.ts'

const retention: Retention = {
  default: {
    input: 30,
    processed: 365,
    metadata: 730,
    claims: 7,
    rejected: 14,
    uploads: 1,
    unfinishedUploads: 1,
  },
  apps: { brief: { input: 1 } },
}
const accepted = new Date('2026-11-23T10:00:00.000Z')
const acceptedAt = accepted.toISOString()
const imageId = firstIdAt(accepted)

describe('a deadline', () => {
  test('is the configured number of days after the acceptance, whatever the time in the id', () => {
    const image = { app: 'other', acceptedAt }
    expect(deadlineOf(retention, image, 'input')).toEqual(new Date('2026-12-23T10:00:00.000Z'))
    expect(deadlineOf(retention, { app: 'brief', acceptedAt }, 'input')).toEqual(
      new Date('2026-11-24T10:00:00.000Z'),
    )
  })

  test('has passed from its own millisecond on', () => {
    const image = { app: 'brief', acceptedAt }
    const deadline = Date.parse('2026-11-24T10:00:00.000Z')
    expect(isPastDeadline(retention, image, 'input', deadline - 1)).toBe(false)
    expect(isPastDeadline(retention, image, 'input', deadline)).toBe(true)
  })
})

describe('a deletion by S3', () => {
  test.each([
    [inputKey({ app: 'other', imageId }), '2026-12-24T00:00:00.000Z'],
    [inputKey({ app: 'brief', imageId }), '2026-11-25T00:00:00.000Z'],
    [metadataKey({ app: 'brief', imageId }), '2028-11-23T00:00:00.000Z'],
    [
      rejectedKey({ topic: 'brief', date: '2026-11-23', partition: 0, offset: 0 }),
      '2026-12-08T00:00:00.000Z',
    ],
  ])('of %s is at midnight', (key, time) => {
    expect(deletionOf(retention, key, accepted)).toEqual(new Date(time))
  })

  test('is exactly a whole number of days later for an object written at midnight', () => {
    expect(
      deletionOf(retention, inputKey({ app: 'brief', imageId }), new Date('2026-11-23T00:00:00.000Z')),
    ).toEqual(new Date('2026-11-24T00:00:00.000Z'))
  })

  test('does not happen for other keys', () => {
    expect(deletionOf(retention, 'athena-results/x', accepted)).toBeUndefined()
  })

  test('is never before the deadline of an object written at or after acceptance', () => {
    const time = fc.date({ min: new Date(0), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true })
    fc.assert(
      fc.property(fc.constantFrom('brief', 'other'), time, fc.nat(1e9), (app, acceptance, later) => {
        const key = inputKey({ app, imageId: firstIdAt(acceptance) })
        const written = new Date(acceptance.getTime() + later)
        const deleted = deletionOf(retention, key, written)?.getTime() ?? 0
        const image = { app, acceptedAt: acceptance.toISOString() }
        expect(deleted).toBeGreaterThanOrEqual(deadlineOf(retention, image, 'input').getTime())
        expect(deleted - written.getTime()).toBeLessThan(((app === 'brief' ? 1 : 30) + 1) * 86_400_000)
      }),
    )
  })
})
