import { readFile } from 'node:fs/promises'

/** The cells of the table under a heading of a file in docs, row by row, without the head. */
export async function documentedTable(heading: string, file = 'security.md'): Promise<string[][]> {
  const text = await readFile(new URL(`../../../../docs/${file}`, import.meta.url), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}
