import * as z from 'zod'

const MAX_FILENAME_BYTES = 255

/**
 * The name a file had at its owner's, kept for display only and never part of a key. Any directory and
 * control characters are dropped, and what is left is cut to 255 bytes of UTF-8.
 */
export const Filename = z
  .string()
  .transform(cleanFilename)
  .pipe(z.string().min(1, 'a filename has at least one visible character'))
  .meta({ description: 'The original file name, for display.', example: 'IMG_0001.JPG' })
export type Filename = z.infer<typeof Filename>

function cleanFilename(raw: string): string {
  const base = raw.slice(Math.max(raw.lastIndexOf('/'), raw.lastIndexOf('\\')) + 1)
  return cutFilename(base.replace(/\p{C}/gu, '').normalize('NFC').trim(), MAX_FILENAME_BYTES)
}

/** The beginning of a filename: whole characters of at most so many bytes of UTF-8. */
export function cutFilename(filename: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(filename, new Uint8Array(maxBytes))
  return filename.slice(0, read).trim()
}
