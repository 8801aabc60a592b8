import { styleText } from 'node:util'
import { formatBytes } from '@darkroom/page/format'
import { formatTable } from '@darkroom/terminal'
import type { Outcome } from './develop-photograph.ts'

const COLUMNS = ['file', 'source', 'ready in', 'size', 'before', 'after']

/** The processed photographs as a table for a terminal; `after` is the size of the largest variant. */
export function resultsTable(outcomes: Outcome[]): string {
  const processed = outcomes.filter(({ problem }) => !problem)
  const [columns = '', ...rows] = formatTable(COLUMNS, processed.map(toRow)).split('\n')
  return [styleText('bold', columns), ...rows].join('\n')
}

function toRow({ photograph, way, bytes, milliseconds, image }: Outcome): unknown[] {
  const variants = image?.variants ?? []
  const { width, height } = image?.original ?? {}
  return [
    photograph.name,
    way,
    `${(milliseconds / 1000).toFixed(2)} s`,
    width ? `${width}×${height}` : '',
    formatBytes(bytes),
    variants.length > 0 ? formatBytes(Math.max(...variants.map((variant) => variant.bytes))) : '',
  ]
}
