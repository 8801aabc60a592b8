import { stripVTControlCharacters, styleText } from 'node:util'
import { printable } from '@darkroom/terminal'

/** Metrics, and lines that serverless-offline writes for every request: our own log lines already contain this. */
const NOISE = /^\s*$|^\{"_aws"|^[┌│└]|\(λ: \w+\)|^\s*(ANY|GET|POST|PUT|DELETE) \/\S* \(/

const HIDDEN_FIELDS = new Set(['level', 'message', 'service', 'timestamp', 'sampling_rate', 'xray_trace_id'])

/**
 * Formats a service's log line for the terminal. Structured JSON of Powertools becomes
 * `16:31:02 upload-api       POST /v1/images 202  app=web-app-1 milliseconds=12`. Other lines are
 * prefixed with the service's name. Noise becomes undefined.
 */
export function formatLogLine(service: string, line: string): string | undefined {
  // Programs color their lines where FORCE_COLOR is set.
  if (NOISE.test(stripVTControlCharacters(line))) return undefined
  const name = styleText('cyan', service.padEnd(17))
  const entry = parseLogEntry(line)
  if (!entry) return `${' '.repeat(8)} ${name} ${styleText('dim', printable(line))}`
  const time = new Date(String(entry.timestamp)).toTimeString().slice(0, 8)
  return `${styleText('dim', time)} ${name} ${styleMessage(entry)}${formatFields(entry)}`
}

export type LogEntry = Record<string, unknown>

/** A structured line of a function or of the host. */
export function parseLogEntry(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const entry = JSON.parse(line)
    return 'message' in entry && 'timestamp' in entry ? entry : undefined
  } catch {
    return undefined
  }
}

function styleMessage({ level, message }: Record<string, unknown>): string {
  const text = printable(String(message))
  if (level === 'ERROR' || level === 'CRITICAL') return styleText('red', text)
  return level === 'WARN' ? styleText('yellow', text) : text
}

function formatFields(entry: Record<string, unknown>): string {
  const fields = Object.entries(entry).filter(
    ([key, value]) => !HIDDEN_FIELDS.has(key) && value !== undefined,
  )
  if (fields.length === 0) return ''
  return styleText(
    'dim',
    `  ${fields.map(([key, value]) => printable(`${key}=${formatValue(value)}`)).join(' ')}`,
  )
}

function formatValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const { name, message } = value as { name?: string; message?: string }
  return message === undefined ? JSON.stringify(value) : `"${name}: ${message}"`
}
