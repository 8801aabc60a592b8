import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { HeadBucketCommand, NotFound } from '@aws-sdk/client-s3'
import {
  type AuditEntry,
  auditBucketOf,
  auditKey,
  auditPrefix,
  parseAuditLine,
  toAsciiJson,
} from '@darkroom/core'
import { type Bucket, storageUnavailable } from './bucket.ts'
import { getObject, listObjects, putObjectIf } from './objects.ts'

/** The bucket of the audit trail, by that of the images. Undefined if there is none, as before image-processor was deployed. */
export async function openAuditTrail(bucket: Bucket): Promise<Bucket | undefined> {
  const name = auditBucketOf(bucket.name)
  try {
    await bucket.s3.send(new HeadBucketCommand({ Bucket: name }))
    return { ...bucket, name }
  } catch (cause) {
    if (cause instanceof NotFound) return undefined
    throw storageUnavailable(cause)
  }
}

/** Writes a file with entries, under the key of the first. @throws ProblemError `storage-unavailable` */
export async function putAuditEntries(trail: Bucket, entries: AuditEntry[]): Promise<void> {
  const [first] = entries
  if (!first) return
  const Body = await promisify(gzip)(entries.map((entry) => `${toAsciiJson(entry)}\n`).join(''))
  await putObjectIf(trail, auditKey(first), { Body, ContentType: 'application/gzip' }, undefined)
}

/** Files are delivered within a quarter of an hour, and after an outage for as long as AWS repeats it: two days together. */
const DELIVERY_MS = 2 * 24 * 3_600_000
const DAY_MS = 24 * 3_600_000

/**
 * The entries of a time, in the order of their delivery, each once. A file that cannot be read is reported, and the next one
 * follows.
 */
export async function* readAuditEntries(trail: Bucket, from: Date, to: Date): AsyncGenerator<AuditEntry> {
  const seen = new Set<string>()
  for (const date of days(from, new Date(to.getTime() + DELIVERY_MS)))
    for await (const { key } of listObjects(trail, auditPrefix(date)))
      for (const entry of await readFile(trail, key)) {
        const time = Date.parse(entry.time)
        if (time < from.getTime() || time >= to.getTime() || seen.has(entry.id)) continue
        seen.add(entry.id)
        yield entry
      }
}

function* days(from: Date, to: Date): Generator<string> {
  const last = to.toISOString().slice(0, 10)
  for (let time = from.getTime(); ; time += DAY_MS) {
    const date = new Date(time).toISOString().slice(0, 10)
    if (date > last) return
    yield date
  }
}

/** Firehose puts nothing between two entries if CloudWatch has cut their line ends off. JSON escapes quotes in text. */
const BETWEEN_ENTRIES = /\n|(?<=\})(?=\{"audit":)/

async function readFile(trail: Bucket, key: string): Promise<AuditEntry[]> {
  const bytes = await getObject(
    trail,
    key,
    ({ Body }) => Body?.transformToByteArray() ?? Promise.resolve(undefined),
  )
  if (!bytes) return []
  try {
    const text = (await promisify(gunzip)(bytes)).toString('utf8')
    const lines = text.split(BETWEEN_ENTRIES).filter(Boolean)
    const entries = lines.map(parseAuditLine)
    const unreadable = entries.filter((entry) => entry === undefined).length
    if (unreadable > 0) trail.onUnreadable?.(key, `${unreadable} of ${lines.length} lines are no entries`)
    return entries.filter((entry) => entry !== undefined)
  } catch (error) {
    trail.onUnreadable?.(key, (error as Error).message)
    return []
  }
}
