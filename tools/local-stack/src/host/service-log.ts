import { inspect, stripVTControlCharacters } from 'node:util'
import type { Log } from './serverless.ts'

/** Writes a service's messages as its functions do: lines of JSON with the service's name. */
export function serviceLog(service: string): Log {
  const write = (level: string, ...message: unknown[]) => {
    const text = stripVTControlCharacters(message.map(textOf).join(' '))
    const entry = { level, message: text, service, timestamp: new Date().toISOString() }
    process.stdout.write(`${JSON.stringify(entry)}\n`)
  }
  const ignore = () => {}
  return {
    debug: ignore,
    verbose: ignore,
    info: ignore,
    notice: (...message) => write('INFO', ...message),
    warning: (...message) => write('WARN', ...message),
    error: (...message) => write('ERROR', ...message),
  }
}

function textOf(part: unknown): string {
  return typeof part === 'string' ? part : inspect(part)
}
