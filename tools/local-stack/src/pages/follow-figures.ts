import type { S3Client } from '@aws-sdk/client-s3'
import type { LocalCatalogue } from '@darkroom/catalogue'
import { type Collected, collectFigures } from '@darkroom/dashboard'

/** The page's poll interval, and the maximum age of its data. */
export const REFRESH_SECONDS = 2
/** The pause between two reads is at least this many times as long as the last read. */
const PAUSE_FACTOR = 3
const DAYS = 365

export interface LiveFigures {
  /** At most a few seconds old. @throws Error if the store cannot be read */
  read(): Promise<Collected>
  close(): Promise<void>
}

/** Reads a bucket on demand: everything on the first call, then only the changes. */
export function followFigures(s3: S3Client, bucket: string): LiveFigures {
  let catalogue: LocalCatalogue | undefined
  let latest: Promise<Collected> | undefined
  let freshUntil = 0

  async function readStore() {
    // DuckDB takes half a second to load.
    const { openCatalogue } = await import('@darkroom/catalogue')
    catalogue ??= await openCatalogue(s3, bucket)
    const startedAt = Date.now()
    await catalogue.refresh()
    const collected = await collectFigures(catalogue, { days: DAYS })
    const tookMs = Date.now() - startedAt
    freshUntil = Date.now() + Math.max(REFRESH_SECONDS * 1000, PAUSE_FACTOR * tookMs)
    return collected
  }

  return {
    read() {
      // Concurrent calls share one read.
      if (!latest || Date.now() > freshUntil) {
        freshUntil = Number.POSITIVE_INFINITY
        latest = readStore()
        latest.catch(() => {
          latest = undefined
        })
      }
      return latest
    },
    async close() {
      await latest?.catch(() => {})
      catalogue?.close()
    },
  }
}
