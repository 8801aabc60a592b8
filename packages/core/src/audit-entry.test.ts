import { describe, expect, test } from '@jest/globals'
import {
  auditBucketOf,
  auditKey,
  auditLine,
  auditPrefix,
  clientFamily,
  newAuditEntry,
  parseAuditKey,
  parseAuditLine,
} from './audit-entry.ts'
import { newImageId } from './image-id.ts'

const audited = {
  act: 'image.erased' as const,
  outcome: 'done',
  app: 'web-app-1',
  images: [newImageId()],
  who: { kind: 'token', credential: '5b0c1f2a9d3e4f60', uploader: 'Zoë \u009b2J\u2028\n' },
  from: { ip: '192.0.2.1', client: 'curl' },
}

describe('a line of the audit trail', () => {
  test('is read as it was written', () => {
    expect(parseAuditLine(auditLine(audited))).toEqual(
      expect.objectContaining({ ...audited, audit: 1, time: expect.any(String), id: expect.any(String) }),
    )
  })

  test('has no character that a terminal acts on, whatever text it quotes', () => {
    expect(auditLine(audited)).toMatch(/^[\x20-\x7e]+\n$/)
  })

  test.each(['', 'text', '{"audit":1', '{"audit":2,"act":"x"}', '{"message":"no entry"}'])(
    'is told from another line: %s',
    (line) => {
      expect(parseAuditLine(line)).toBeUndefined()
    },
  )

  test('of a later version is read without what this one does not know', () => {
    const later = { ...newAuditEntry(audited), act: 'image.rotated', reason: 'new' }
    expect(parseAuditLine(JSON.stringify(later))).toMatchObject({ act: 'image.rotated' })
  })
})

describe('the files of the trail', () => {
  test('are under the day of their first entry', () => {
    const entry = newAuditEntry(audited, new Date('2026-11-23T23:59:59.999Z'))
    expect(auditKey(entry).startsWith(auditPrefix('2026-11-23'))).toBe(true)
    expect(parseAuditKey(auditKey(entry))).toEqual({ date: '2026-11-23' })
    // As Firehose names them.
    expect(
      parseAuditKey(`${auditPrefix('2026-11-24')}darkroom-prod-audit-1-2026-11-24-00-05-00-1b2c.gz`),
    ).toEqual({
      date: '2026-11-24',
    })
  })

  test.each(['', 'entries/', 'entries/2026-11-23', 'entries/2026-13-23/x.gz', 'undelivered/2026-11-23/x.gz'])(
    'are not %s',
    (key) => {
      expect(parseAuditKey(key)).toBeUndefined()
    },
  )

  test('are in a bucket of their own', () => {
    expect(auditBucketOf('darkroom-prod-123456789012-eu-central-1')).toBe(
      'audit-prod-123456789012-eu-central-1',
    )
    expect(auditBucketOf('photographs')).toBe('audit-photographs')
  })
})

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox'],
  [
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0',
    'Edge',
  ],
  [
    'Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36',
    'Chrome',
  ],
  [
    'Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    'Safari',
  ],
  ['curl/8.5.0', 'curl'],
  ['python-requests/2.32', 'Python'],
  ['node', 'Node.js'],
  ['Go-http-client/1.1', 'Go'],
  ['okhttp/4.12', 'Java'],
  ['x'.repeat(5000), 'other'],
  ['', undefined],
  [undefined, undefined],
])('the family of %s is %s', (userAgent, family) => {
  expect(clientFamily(userAgent)).toBe(family)
})
