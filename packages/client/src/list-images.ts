import type { ImageList } from '@darkroom/core'
import type { AskApi } from './ask-api.ts'

export interface ListOptions {
  /** The UTC day, `yyyy-mm-dd`; today without it. */
  date?: string | undefined
  /** 1 to 100, by default 25. */
  limit?: number | undefined
  /** From the page before. */
  cursor?: string | undefined
  signal?: AbortSignal | undefined
}

export function listImages(
  ask: AskApi,
  { date = new Date().toISOString().slice(0, 10), limit, cursor, signal }: ListOptions,
): Promise<ImageList> {
  const query = new URLSearchParams({ date })
  if (limit !== undefined) query.set('limit', String(limit))
  if (cursor !== undefined) query.set('cursor', cursor)
  return ask({ path: `/images?${query}`, signal })
}
