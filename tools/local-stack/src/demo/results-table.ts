import { styleText } from 'node:util'
import type { Outcome } from './develop-photograph.ts'

/** The outcomes as a table for a terminal; `after` is the size of the largest variant. */
export function resultsTable(outcomes: Outcome[]): string {
  const header = ['file', 'by way of', 'status', 'ready in', 'size', 'variants', 'before', 'after']
  const rows = [header, ...outcomes.map(toRow)]
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const [head = '', ...lines] = rows.map((row) =>
    row.map((cell, i) => align(cell, widths[i] ?? 0, i)).join('  '),
  )
  return [styleText('bold', head), ...lines.map(colour), ...outcomes.flatMap(problemLine)].join('\n')

  function colour(line: string, index: number): string {
    return outcomes[index]?.problem ? styleText('red', line) : line
  }
}

const RIGHT_ALIGNED = new Set([3, 6, 7])

function align(cell: string, width: number, column: number): string {
  return RIGHT_ALIGNED.has(column) ? cell.padStart(width) : cell.padEnd(width)
}

function toRow({ photograph, way, bytes, milliseconds, image, problem }: Outcome): string[] {
  const variants = image?.variants ?? []
  const { width, height } = image?.original ?? {}
  return [
    photograph.name,
    way,
    image?.status ?? (problem ? 'refused' : ''),
    problem ? '' : `${(milliseconds / 1000).toFixed(2)} s`,
    width ? `${width}×${height}` : '',
    variants
      .map((variant) => `${variant.name} ${variant.width}×${variant.height} ${kilobytes(variant.bytes)}`)
      .join(', '),
    kilobytes(bytes),
    variants.length > 0 ? kilobytes(Math.max(...variants.map((variant) => variant.bytes))) : '',
  ]
}

function problemLine({ photograph, problem }: Outcome): string[] {
  return problem ? [styleText('red', `  ${photograph.name}: ${problem}`)] : []
}

/** `716 KB` */
export function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KB`
}
