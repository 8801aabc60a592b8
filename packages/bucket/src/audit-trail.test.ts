import { gzipSync } from 'node:zlib'
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { type AuditEntry, auditBucketOf, auditPrefix, newAuditEntry } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { openAuditTrail, putAuditEntries, readAuditEntries } from './audit-trail.ts'
import type { Bucket } from './bucket.ts'
import { openTestBucket } from './testing/open-test-bucket.ts'

const { bucket } = await openTestBucket()

const entryAt = (time: string) =>
  newAuditEntry({ act: 'links.read', outcome: 'done', who: { credential: 'c0ffee' } }, new Date(time))

async function read(trail: Bucket, from: string, to: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  for await (const entry of readAuditEntries(trail, new Date(from), new Date(to))) entries.push(entry)
  return entries
}

test('there is no trail before its bucket was created; afterwards its entries are read by time, each once', async () => {
  expect(await openAuditTrail(bucket)).toBeUndefined()
  await bucket.s3.send(new CreateBucketCommand({ Bucket: auditBucketOf(bucket.name) }))
  const unreadable: string[] = []
  const opened = await openAuditTrail({ ...bucket, onUnreadable: (key) => unreadable.push(key) })
  if (!opened) throw new Error('no trail')
  const [first, second, late, next] = [
    entryAt('2026-11-23T00:00:00.000Z'),
    entryAt('2026-11-23T12:00:00.000Z'),
    entryAt('2026-11-23T23:59:59.999Z'),
    entryAt('2026-11-24T00:00:00.000Z'),
  ]
  await putAuditEntries(opened, [first, second])
  const put = (name: string, Body: Uint8Array) =>
    opened.s3.send(new PutObjectCommand({ Bucket: opened.name, Key: auditPrefix('2026-11-25') + name, Body }))
  // As Firehose delivers them after an outage: a day later, in parts that were compressed one by one, some of them again.
  const text = [second, late].map((entry) => JSON.stringify(entry)).join('')
  await put('delivered-1', Buffer.concat([gzipSync(text), gzipSync(`${JSON.stringify(next)}\n`)]))
  await put('delivered-2', Buffer.from('not compressed'))
  await put('delivered-3', gzipSync(`{"audit":1}\n${JSON.stringify(next)}\n`))
  expect(await read(opened, '2026-11-23', '2026-11-24')).toEqual([first, second, late])
  expect(await read(opened, '2026-11-24', '2026-11-25')).toEqual([next])
  expect(await read(opened, '2026-11-26', '2026-11-27')).toEqual([])
  expect([...new Set(unreadable)].map((key) => key.split('/').at(-1))).toEqual(['delivered-2', 'delivered-3'])
})
