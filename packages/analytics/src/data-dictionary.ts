import {
  type Column,
  documentColumns,
  documentsWith,
  glueType,
  imageColumns,
  LOOK_ALIKE_COLUMNS,
} from './columns.ts'
import { readQueries } from './read-queries.ts'

/** `docs/data-dictionary.md`: every table, view and column, from core's schema and the questions. */
export function dataDictionary(): string {
  return [
    '# Data dictionary',
    'Made by `pnpm darkroom analytics dictionary` from the schema of the metadata documents (packages/core) and the questions\n(packages/analytics); a test fails where this page differs. Types are those that Glue and Athena show.',
    '## images',
    'One row per image, processed or failed; times in UTC.',
    table(['column', 'type', 'of processed', 'of failed', ''], imageColumns().map(imageRow)),
    '## image_documents',
    'The metadata documents as they lie in S3, receipts of erasure among them. Times are text, ISO 8601 in UTC.',
    table(['column', 'type', 'in', ''], documentColumns().map(documentRow)),
    '## look_alikes',
    'One row per image that looks like an earlier one of the same app.',
    table(['column', 'type', ''], LOOK_ALIKE_COLUMNS.map(plainRow)),
    ...readQueries().flatMap(({ name, title, columns }) => [
      `## ${name}`,
      `${title}. A view.`,
      table(['column', 'type', ''], columns.map(plainRow)),
    ]),
  ]
    .join('\n\n')
    .concat('\n')
}

function imageRow({ name, type, comment }: Column): string[] {
  const kinds = documentsWith(name)
  const presence = (status: string) => {
    const kind = kinds.find((each) => each.status === status)
    return kinds.length === 0 || kind?.always ? 'always' : kind ? 'if known' : ''
  }
  return [code(name), code(glueType(type)), presence('processed'), presence('failed'), comment]
}

function documentRow({ name, type, comment }: Column): string[] {
  const kinds = documentsWith(name)
  const names =
    kinds.length === 3 || kinds.length === 0 ? 'all' : kinds.map(({ status }) => status).join(', ')
  return [code(name), code(glueType(type)), names, comment]
}

function plainRow({ name, type, comment }: Column): string[] {
  return [code(name), code(glueType(type)), comment]
}

/** As wide as its widest cells, as the repository formats its pages. */
function table(header: string[], rows: string[][]): string {
  const widths = header.map((_, n) => Math.max(3, ...[header, ...rows].map((row) => row[n]?.length ?? 0)))
  const line = (cells: string[]) => `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}
