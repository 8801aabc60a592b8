/**
 * Measures a page of `GET /v1/images`, newest first: requests to S3 and milliseconds, for an app with 100,000 images a day,
 * one with an image a month, and one that sent a burst an hour ago. `pnpm bench:newest`
 *
 * The keys are served from memory over HTTP, so the milliseconds are those of the requests' number and of reading the answers;
 * S3 adds its own latency to each of the rounds. Exits with 1 if a page needed more than eight requests.
 */

import { type ImageId, inputKey, metadataKey, newImageId } from '@darkroom/core'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { listNewestImages } from '../packages/bucket/src/newest-images.ts'
import { serveKeys } from '../packages/bucket/src/testing/serve-keys.ts'

scriptOptions(import.meta.filename, {})

const DAY_MS = 86_400_000
const MAX_REQUESTS = 8
const app = 'web-app-1'

interface Scenario {
  title: string
  images: number
  /** Milliseconds between two images, and from the newest one to now. */
  spacingMs: number
  pauseMs: number
}

const SCENARIOS: Scenario[] = [
  { title: '100,000 a day', images: 200_000, spacingMs: DAY_MS / 100_000, pauseMs: 0 },
  { title: '5,000 a day', images: 50_000, spacingMs: DAY_MS / 5_000, pauseMs: 0 },
  { title: 'one a month', images: 24, spacingMs: 30 * DAY_MS, pauseMs: 10 * DAY_MS },
  { title: '2,000 in 20 s', images: 2_000, spacingMs: 10, pauseMs: 3_600_000 },
]

const { bucket, state, stop } = await serveKeys()
const rows: string[][] = []
let most = 0
for (const scenario of SCENARIOS) {
  for (const limit of [25, 100])
    rows.push([scenario.title, String(limit), ...(await measure(scenario, limit))])
}
await stop()
console.log(formatTable(['images', 'limit', 'first page', 'later pages', 'full pages'], rows))
if (most > MAX_REQUESTS) process.exitCode = 1

async function measure({ images, spacingMs, pauseMs }: Scenario, limit: number): Promise<string[]> {
  const newest = Date.now() - pauseMs
  state.keys = Array.from({ length: images }, (_, index) => newImageId(new Date(newest - index * spacingMs)))
    .flatMap((imageId) => [inputKey({ app, imageId }), metadataKey({ app, imageId })])
    .sort()
  const oldest = new Date(Date.now() - 730 * DAY_MS)
  const pages: { requests: number; milliseconds: number; images: number }[] = []
  let from: ImageId | undefined
  do {
    state.listings = 0
    const started = performance.now()
    const page = await listNewestImages({ bucket, app, from, oldest, limit })
    pages.push({
      requests: state.listings,
      milliseconds: performance.now() - started,
      images: page.ids.length,
    })
    from = page.next
  } while (from !== undefined && pages.length < 20)
  most = Math.max(most, ...pages.map(({ requests }) => requests))
  const [first, ...later] = pages
  const fullPages = pages.slice(0, -1).filter((page) => page.images === limit).length
  return [describe(first ? [first] : []), describe(later), `${fullPages} of ${pages.length - 1}`]
}

/** `2 to 8 in 12 ms`: requests, and the median of the milliseconds. */
function describe(pages: { requests: number; milliseconds: number }[]): string {
  if (pages.length === 0) return ''
  const requests = pages.map((page) => page.requests)
  const range = [...new Set([Math.min(...requests), Math.max(...requests)])].join(' to ')
  const sorted = pages.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b)
  return `${range} in ${sorted[Math.floor(sorted.length / 2)]?.toFixed(0)} ms`
}
