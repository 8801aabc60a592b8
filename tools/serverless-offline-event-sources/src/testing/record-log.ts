import { EventEmitter, on } from 'node:events'
import type { Log } from '../serverless.ts'

export type LogLine = { level: keyof Log; text: string }

/** A log that tests can read and wait for. */
export function recordLog() {
  const lines: LogLine[] = []
  const emitter = new EventEmitter()
  const write =
    (level: keyof Log) =>
    (...message: unknown[]) => {
      const line = { level, text: message.join(' ') }
      lines.push(line)
      emitter.emit('line', line)
    }
  const log: Log = {
    info: write('info'),
    notice: write('notice'),
    warning: write('warning'),
    error: write('error'),
  }
  const waitFor = async (pattern: RegExp): Promise<LogLine> => {
    const seen = lines.find(({ text }) => pattern.test(text))
    if (seen) return seen
    for await (const [line] of on(emitter, 'line')) if (pattern.test(line.text)) return line
    throw new Error('unreachable')
  }
  return { log, lines, waitFor }
}
