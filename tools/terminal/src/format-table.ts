import stringWidth from 'string-width'
import { cutText, printable } from './fit-text.ts'

const INDENT = '  '
const GAP = '  '
const MIN_COLUMN_WIDTH = 8

/** A number, with or without a unit: `12`, `1,024.5`, `716 KB`, `?`. */
const NUMBER = /^(-?[\d.,]+( [\p{L}%/]+)?|\?)?$/u

/**
 * Formats rows as lines of text with aligned columns, numbers to the right. The lines are at most `width` characters long
 * unless there are too many columns: then the widest cells are cut, never below eight characters.
 */
export function formatTable(columns: string[], rows: unknown[][], width = 80): string {
  const cells = rows.map((row) => row.map(toText))
  const needed = columns.map((column, n) =>
    Math.max(column.length, ...cells.map((row) => stringWidth(row[n] ?? ''))),
  )
  const widths = fit(needed, width - INDENT.length)
  const isNumber = columns.map((_, n) => cells.every((row) => NUMBER.test(row[n] ?? '')))
  const line = (row: string[]) =>
    `${INDENT}${row.map((cell, n) => align(cell, widths[n] ?? 0, isNumber[n])).join(GAP)}`.trimEnd()
  const rule = line(widths.map((columnWidth) => '─'.repeat(columnWidth)))
  return [line(columns), rule, ...cells.map(line)].join('\n')
}

function fit(needed: number[], width: number): number[] {
  let max = Math.max(MIN_COLUMN_WIDTH, ...needed)
  const cut = () => needed.map((columnWidth) => Math.min(columnWidth, max))
  const total = () => cut().reduce((sum, columnWidth) => sum + columnWidth + GAP.length, -GAP.length)
  while (max > MIN_COLUMN_WIDTH && total() > width) max--
  return cut()
}

function align(cell: string, width: number, toTheRight = false): string {
  const shown = cutText(cell, width)
  const padding = ' '.repeat(Math.max(0, width - stringWidth(shown)))
  return toTheRight ? padding + shown : shown + padding
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value))
}
