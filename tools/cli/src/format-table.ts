/** Lines of text with aligned columns, numbers to the right, and no wider than `width` characters if that can be. */
export function formatTable(columns: string[], rows: unknown[][], width = Number.POSITIVE_INFINITY): string {
  const cells = rows.map((row) => row.map(toText))
  const needed = columns.map((column, n) =>
    Math.max(column.length, ...cells.map((row) => row[n]?.length ?? 0)),
  )
  const widths = fit(needed, width - INDENT.length)
  const isNumber = columns.map((_, n) => cells.every((row) => /^-?[\d.]*$/.test(row[n] ?? '')))
  const line = (row: string[]) =>
    `${INDENT}${row.map((cell, n) => align(cell, widths[n] ?? 0, isNumber[n])).join(GAP)}`.trimEnd()
  return [line(columns), line(widths.map((columnWidth) => '─'.repeat(columnWidth))), ...cells.map(line)].join(
    '\n',
  )
}

const INDENT = '  '
const GAP = '  '
const LEAST = 8

/** What is wider than the others is cut first, though never below eight characters. */
function fit(needed: number[], width: number): number[] {
  let most = Math.max(LEAST, ...needed)
  const cut = () => needed.map((columnWidth) => Math.min(columnWidth, most))
  const total = () => cut().reduce((sum, columnWidth) => sum + columnWidth + GAP.length, -GAP.length)
  while (most > LEAST && total() > width) most--
  return cut()
}

function align(cell: string, width: number, toTheRight = false): string {
  const shown = cell.length > width ? `${cell.slice(0, width - 1)}…` : cell
  return toTheRight ? shown.padStart(width) : shown.padEnd(width)
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
