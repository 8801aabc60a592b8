import * as z from 'zod'
import { Text } from './text.ts'

const MAX_FILENAME_BYTES = 255

/**
 * The original file name, for display only and never part of a key. Directories, control characters and invisible
 * format characters are removed (not those that emoji and some scripts need), and the rest is cut to 255 bytes of UTF-8.
 */
export const Filename = Text.transform(cleanFilename)
  .pipe(z.string().refine((name) => VISIBLE.test(name), 'must have at least one visible character'))
  .meta({ description: 'The original file name, for display.', example: 'IMG_0001.JPG' })
export type Filename = z.infer<typeof Filename>

/** U+200C, U+200D and tags join letters and emoji. */
const REMOVED = /[\p{Cc}[\p{Cf}--[\u200c\u200d\u{e0020}-\u{e007f}]]]/gv
const VISIBLE = /[^\p{Cf}\s]/u

function cleanFilename(raw: string): string {
  const base = raw.slice(Math.max(raw.lastIndexOf('/'), raw.lastIndexOf('\\')) + 1)
  return cutFilename(base.replace(REMOVED, '').normalize('NFC').trim(), MAX_FILENAME_BYTES)
}

/** The start of a filename: as many whole characters as fit into `maxBytes` of UTF-8. */
export function cutFilename(filename: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(filename, new Uint8Array(maxBytes))
  return filename.slice(0, read).trim()
}
