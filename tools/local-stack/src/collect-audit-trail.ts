import { type BucketSettings, openBucket, putAuditEntries } from '@darkroom/bucket'
import { type AuditEntry, auditBucketOf, parseAuditLine } from '@darkroom/core'

/** Firehose waits five minutes; here one reads what one has just done. */
const INTERVAL_MS = 500
/** What is kept while the bucket cannot be written to. */
const MAX_WAITING = 10_000

export interface AuditTrail {
  /** @returns whether the line was an entry */
  add(line: string): boolean
  /** Writes what waits. */
  stop(): Promise<void>
}

/**
 * Does what CloudWatch and Firehose do on AWS: takes the lines of the audit trail from the output of the functions and writes them to
 * files in its bucket.
 *
 * @param bucket of the images
 */
export function collectAuditTrail(bucket: string, settings: BucketSettings): AuditTrail {
  const trail = openBucket(auditBucketOf(bucket), settings)
  let waiting: AuditEntry[] = []
  let writing = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  const write = async () => {
    const entries = waiting
    waiting = []
    // The next write takes them along, for example once the bucket exists.
    await putAuditEntries(trail, entries).catch(() => {
      waiting = [...entries, ...waiting].slice(-MAX_WAITING)
    })
  }
  const writeNext = () => {
    timer = undefined
    writing = writing.then(write)
  }
  return {
    add(line) {
      const entry = parseAuditLine(line)
      if (!entry) return false
      waiting.push(entry)
      timer ??= setTimeout(writeNext, INTERVAL_MS).unref()
      return true
    },
    async stop() {
      clearTimeout(timer)
      writeNext()
      await writing
      trail.s3.destroy()
    },
  }
}
