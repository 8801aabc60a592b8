import type { Client, ImageStatus } from '@darkroom/client'
import { problemOf } from './follow-picture.ts'
import type { Problem } from './sheet.ts'

const PAGE_SIZE = 48
const SLOW_AFTER_MS = 10_000
/** An id has the time of the browser that made it. The API refuses those that are further off. */
const MAX_CLOCK_ERROR_MS = 86_400_000

/** How far the list of earlier pictures has been loaded. */
export interface Listing {
  state: 'loading' | 'slow' | 'partial' | 'failed' | 'complete'
  /** No picture has been found yet. */
  isFirst: boolean
  problem?: Problem
}

export interface Lister {
  listing(): Listing
  /** Loads the next page, unless one is being loaded or all are. */
  loadMore(): Promise<void>
}

/**
 * Lists the visitor's images page by page, newest first. The API looks through the images of all visitors for them, so the
 * list ends before the first visit.
 */
export function createLister(
  client: Client,
  since: () => number,
  onImages: (images: ImageStatus[]) => void,
  onChange: () => void,
): Lister {
  let listing: Listing = { state: 'partial', isFirst: true }
  let cursor: string | undefined

  function change(state: Listing['state'], problem?: Problem) {
    listing = { ...listing, state, ...(problem && { problem }) }
    onChange()
  }

  async function loadMore(): Promise<void> {
    if (['loading', 'slow', 'complete'].includes(listing.state)) return
    change('loading')
    const timer = setTimeout(() => change('slow'), SLOW_AFTER_MS)
    try {
      const page = await client.listImages({ limit: PAGE_SIZE, cursor })
      onImages(page.items)
      cursor = page.cursor
      const isComplete = !cursor || timeOf(cursor) <= since() - MAX_CLOCK_ERROR_MS
      listing = { ...listing, isFirst: listing.isFirst && !isComplete && page.items.length === 0 }
      change(isComplete ? 'complete' : 'partial')
    } catch (error) {
      change('failed', problemOf(error))
    } finally {
      clearTimeout(timer)
    }
  }

  return { listing: () => listing, loadMore }
}

/** An image's id is a UUIDv7: it begins with the milliseconds since 1970. */
function timeOf(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16)
}
