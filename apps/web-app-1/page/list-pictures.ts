import type { Client, ImageStatus } from '@darkroom/client'
import { problemOf } from './follow-picture.ts'
import type { Problem } from './sheet.ts'

const PAGE_SIZE = 48
const SLOW_AFTER_MS = 10_000

/** How far the list of earlier pictures has been loaded. */
export interface Listing {
  state: 'loading' | 'slow' | 'partial' | 'failed' | 'complete'
  /** Nothing has been loaded yet. */
  isFirst: boolean
  problem?: Problem
}

export interface Lister {
  listing(): Listing
  /** Loads the next page, unless one is being loaded or all are. */
  loadMore(): Promise<void>
}

/** Lists the app's images page by page, newest first. */
export function createLister(
  client: Client,
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
      listing = { ...listing, isFirst: false }
      change(cursor ? 'partial' : 'complete')
    } catch (error) {
      change('failed', problemOf(error))
    } finally {
      clearTimeout(timer)
    }
  }

  return { listing: () => listing, loadMore }
}
