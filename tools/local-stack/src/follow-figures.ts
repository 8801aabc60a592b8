import type { S3Client } from '@aws-sdk/client-s3'
import { type LocalCatalogue, openCatalogue } from '@darkroom/catalogue'
import { collectFigures, type Figures } from '@darkroom/dashboard'

/** How often the page asks, and so how old figures can be. */
const REFRESH_SECONDS = 2
/** Rest is at least so many times as long as the last look for changes took. */
const REST = 3
const DAYS = 90

export interface LiveFigures {
  /** As of now, or as of a moment ago. @throws Error if the store does not answer */
  read(): Promise<Omit<Figures, 'uploadPages'>>
  close(): Promise<void>
}

/** Figures of a bucket that is read when somebody asks: all of it at first, then what has changed. */
export function followFigures(s3: S3Client, bucket: string): LiveFigures {
  let catalogue: LocalCatalogue | undefined
  let latest: Promise<Omit<Figures, 'uploadPages'>> | undefined
  let freshUntil = 0

  async function readAnew() {
    catalogue ??= await openCatalogue(s3, bucket)
    const began = Date.now()
    await catalogue.refresh()
    const figures = await collectFigures(catalogue, { days: DAYS })
    const took = Date.now() - began
    freshUntil = Date.now() + Math.max(REFRESH_SECONDS * 1000, REST * took)
    return { ...figures, refreshSeconds: REFRESH_SECONDS }
  }

  return {
    read() {
      // One reading at a time: whoever asks meanwhile gets the same.
      if (!latest || Date.now() > freshUntil) {
        freshUntil = Number.POSITIVE_INFINITY
        latest = readAnew()
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
