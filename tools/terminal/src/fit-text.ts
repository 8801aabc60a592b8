import { stripVTControlCharacters } from 'node:util'
import cliTruncate from 'cli-truncate'
import wrapAnsi from 'wrap-ansi'

/** Text of others, such as a file name, without characters that control the terminal. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, '�')
}

/** Cuts text to `columns` of a terminal; an emoji takes two. */
export function cutText(text: string, columns: number): string {
  return cliTruncate(text, columns)
}

/** Breaks text between words into lines of up to `columns`, all indented. */
export function wrapText(text: string, { columns = 80, indent = 0 } = {}): string {
  const lines = wrapAnsi(text, columns - indent, { hard: true }).split('\n')
  return lines.map((line) => ' '.repeat(indent) + line).join('\n')
}
