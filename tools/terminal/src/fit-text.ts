import { stripVTControlCharacters } from 'node:util'
import cliTruncate from 'cli-truncate'
import wrapAnsi from 'wrap-ansi'

/** More than any name or sentence of this project has; it fills some ten lines of a terminal. */
const MAX_LINE_LENGTH = 1000

/** Text of others, such as a file name: without characters that control the terminal, and not longer than a screen. */
export function printable(text: string): string {
  const shown = stripVTControlCharacters(text).replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, '�')
  const more = shown.length - MAX_LINE_LENGTH
  return more > 0 ? `${shown.slice(0, MAX_LINE_LENGTH).toWellFormed()}… (${more} more characters)` : shown
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
