/** Lines of text with aligned columns, numbers to the right. */
export function formatTable(columns: string[], rows: unknown[][]): string {
  const cells = rows.map((row) => row.map(toText))
  const widths = columns.map((column, n) =>
    Math.max(column.length, ...cells.map((row) => row[n]?.length ?? 0)),
  )
  const isNumber = columns.map((_, n) => cells.every((row) => /^-?[\d.]*$/.test(row[n] ?? '')))
  const line = (row: string[]) =>
    `  ${row.map((cell, n) => (isNumber[n] ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0))).join('  ')}`.trimEnd()
  return [line(columns), line(widths.map((width) => '─'.repeat(width))), ...cells.map(line)].join('\n')
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
