import * as z from 'zod'

const MAX_FILENAME_BYTES = 255

/**
 * The original file name, for display only and never part of a key. Directories and control characters are removed,
 * and the rest is cut to 255 bytes of UTF-8.
 */
export const Filename = z
  .string()
  .transform(cleanFilename)
  .pipe(z.string().min(1, 'a filename must have at least one visible character'))
  .meta({ description: 'The original file name, for display.', example: 'IMG_0001.JPG' })
export type Filename = z.infer<typeof Filename>

function cleanFilename(raw: string): string {
  const base = raw.slice(Math.max(raw.lastIndexOf('/'), raw.lastIndexOf('\\')) + 1)
  return cutFilename(base.replace(/\p{C}/gu, '').normalize('NFC').trim(), MAX_FILENAME_BYTES)
}

/** The start of a filename: as many whole characters as fit into `maxBytes` of UTF-8. */
export function cutFilename(filename: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(filename, new Uint8Array(maxBytes))
  return filename.slice(0, read).trim()
}
