import { type Bucket, type CollectedFile, listCollected } from '@darkroom/bucket'
import { OUTCOMES } from '@darkroom/core'
import type { Catalogue } from './ask-athena.ts'
import { daysQuery, mergeStatement, WATERMARK_QUERY } from './merge.ts'

/**
 * A file can appear this long after the time in its name: a collector takes the time, then writes, and has a minute for both.
 * Twice that, because clocks differ.
 */
const LATE_MS = 120_000

/**
 * What one statement reads at most, so that it stays far below Athena's 30 minutes: a file has up to 6 MB of events before it is
 * compressed. See decisions/0059-analytics-from-outcomes.md.
 */
const MAX_FILES = 500
/** Athena writes up to 100 partitions with a statement, and the watermark is one of them. */
export const MAX_MERGED_DAYS = 50

export interface MergeOptions {
  now: number
  /** No statement is started after this. */
  deadline?: number
  /** Files of one statement. */
  maxFiles?: number
}

export interface Merged {
  files: number
  statements: number
  /** Milliseconds since the oldest file that is not merged was collected; 0 if all are. */
  lagMs: number
}

/**
 * Merges the files that were collected since the watermark into `images`, the oldest first, in statements of limited size. The
 * watermark is a row of the same table: it is written by the statement that merges the last of its files, so it is never ahead
 * of them. Files of the last minutes are merged again by the next call, in case one appears late.
 *
 * @throws Error with the engine's message; what was merged stays, and the next call goes on from there
 */
export async function mergeCollected(
  catalogue: Catalogue,
  bucket: Bucket,
  { now, deadline = Number.POSITIVE_INFINITY, maxFiles = MAX_FILES }: MergeOptions,
): Promise<Merged> {
  const settled = new Date(now - LATE_MS).toISOString()
  let after = await readWatermark(catalogue)
  const merged: Merged = { files: 0, statements: 0, lagMs: 0 }
  for await (const files of chunksOf(listCollected(bucket, OUTCOMES, after), maxFiles)) {
    const [first, last] = [files[0], files.at(-1)]
    if (!first || !last) break
    if (Date.now() > deadline) return { ...merged, lagMs: now - Date.parse(first.time) }
    const window = { after: after ?? before(first.time), until: last.time }
    const [mergedUntil = ''] = [last.time, settled].toSorted()
    merged.statements += await mergeWindow(
      catalogue,
      window,
      mergedUntil > window.after ? mergedUntil : undefined,
    )
    merged.files += files.length
    after = last.time
  }
  return merged
}

/** The time up to which all collected files are merged, ISO 8601; undefined before the first merge. */
export async function readWatermark(catalogue: Catalogue): Promise<string | undefined> {
  const [row] = (await catalogue.query(WATERMARK_QUERY)).rows
  return row === undefined ? undefined : String(row[0])
}

/** @returns the number of statements */
async function mergeWindow(
  catalogue: Catalogue,
  window: { after: string; until: string },
  mergedUntil: string | undefined,
): Promise<number> {
  const { rows } = await catalogue.query(daysQuery(window))
  const days = rows.map(([day]) => String(day))
  const groups = [...groupsOf(days, MAX_MERGED_DAYS)]
  for (const [n, group] of groups.entries()) {
    const isLast = n === groups.length - 1
    await catalogue.query(mergeStatement(window, { days: group, ...(isLast && { mergedUntil }) }))
  }
  return groups.length
}

/** At least one, which can be empty. */
function* groupsOf<Item>(items: Item[], size: number): Generator<Item[]> {
  for (let from = 0; from === 0 || from < items.length; from += size) yield items.slice(from, from + size)
}

/** A file and all others of its millisecond are in one chunk, because windows begin after a time. */
async function* chunksOf(files: AsyncIterable<CollectedFile>, size: number): AsyncGenerator<CollectedFile[]> {
  let chunk: CollectedFile[] = []
  for await (const file of files) {
    if (chunk.length >= size && chunk.at(-1)?.time !== file.time) {
      yield chunk
      chunk = []
    }
    chunk.push(file)
  }
  if (chunk.length > 0) yield chunk
}

function before(time: string): string {
  return new Date(Date.parse(time) - 1).toISOString()
}
