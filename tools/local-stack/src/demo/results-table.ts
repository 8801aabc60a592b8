import { styleText } from 'node:util'
import { formatTable } from '@darkroom/terminal'
import type { Outcome } from './develop-photograph.ts'

const COLUMNS = ['file', 'source', 'status', 'ready in', 'size', 'before', 'after']

/** The outcomes as a table for a terminal; `after` is the size of the largest variant. */
export function resultsTable(outcomes: Outcome[]): string {
  const [columns = '', rule = '', ...rows] = formatTable(COLUMNS, outcomes.map(toRow)).split('\n')
  const coloured = rows.map((row, n) => (outcomes[n]?.problem ? styleText('red', row) : row))
  return [styleText('bold', columns), rule, ...coloured, ...outcomes.flatMap(problemLine)].join('\n')
}

function toRow({ photograph, way, bytes, milliseconds, image, problem }: Outcome): unknown[] {
  const variants = image?.variants ?? []
  const { width, height } = image?.original ?? {}
  return [
    photograph.name,
    way,
    image?.status ?? (problem ? 'refused' : ''),
    problem ? '' : `${(milliseconds / 1000).toFixed(2)} s`,
    width ? `${width}×${height}` : '',
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
