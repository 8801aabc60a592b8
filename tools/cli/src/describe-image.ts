import { styleText } from 'node:util'
import type { ImageStatus } from '@darkroom/client'
import { formatTable, printable } from '@darkroom/terminal'

const COLORS = { queued: 'yellow', processed: 'green', failed: 'red', erased: 'gray' } as const

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const [amount, unit] = bytes < 1e6 ? [bytes / 1e3, 'KB'] : [bytes / 1e6, 'MB']
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`
}

/** The name that a user gave to a file, safe to print. */
export function nameOf({ filename, id }: ImageStatus): string {
  return printable(filename || id)
}

/** One line: `processed  412 ms`, or a failure with its reason. */
export function outcomeOf({ status, timings, failure, warnings = [] }: ImageStatus): string {
  const word = styleText(COLORS[status], status)
  if (status === 'failed') return `${word}  ${printable(`${failure?.type}: ${failure?.detail}`)}`
  if (status !== 'processed') return word
  const time = timings ? `  ${timings.queuedMs + timings.processingMs} ms` : ''
  return `${word}${time}${warnings.length > 0 ? `  ${printable(warnings.map(({ type }) => type).join(', '))}` : ''}`
}

/** Everything that a person asks about an image, within 80 columns where the values allow it. */
export function describeImage(image: ImageStatus): string {
  return [
    nameOf(image),
    ...facts(image).map(([name, value]) => `  ${name.padEnd(10)} ${value}`),
    ...(image.variants?.length ? ['', variantsTable(image)] : []),
  ].join('\n')
}

function facts(image: ImageStatus): [string, string][] {
  const { original, warnings = [], attributes = {}, erasure, keptUntil } = image
  const size = original.width ? `${original.width} × ${original.height}` : undefined
  const bytes = original.bytes === undefined ? undefined : formatBytes(original.bytes)
  const lines: [string, string | undefined][] = [
    ['id', image.id],
    ['app', image.app],
    ['status', outcomeOf({ ...image, warnings: [] })],
    ['accepted', image.acceptedAt],
    ['finished', image.finishedAt],
    ['original', [original.contentType, size, bytes].filter(Boolean).join(', ') || undefined],
    ...Object.entries(attributes).map(([key, value]): [string, string] => ['attribute', `${key} = ${value}`]),
    ...warnings.map(({ type, detail }): [string, string] => ['warning', `${type}: ${detail}`]),
    ['erased', erasure && `${erasure.at}${erasure.complete ? '' : ', parts may still be stored'}`],
    ['kept until', keptUntil && `${keptUntil.variants} (variants), ${keptUntil.original} (original)`],
  ]
  return lines.flatMap(([name, value]) =>
    value ? [[name, name === 'status' ? value : printable(value)]] : [],
  )
}

function variantsTable({ variants = [] }: ImageStatus): string {
  const rows = variants.map(({ name, width, height, contentType, bytes }) => [
    name,
    `${width} × ${height}`,
    contentType,
    formatBytes(bytes),
  ])
  return formatTable(['variant', 'pixels', 'type', 'size'], rows)
}
