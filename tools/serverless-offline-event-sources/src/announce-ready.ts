import process from 'node:process'
import type { Log } from './serverless.ts'

/** Tells the reader of the log and, if there is one, the process that forked this one. */
export function announceReady(service: string, labels: string[], log: Log): void {
  const sources = labels.length === 0 ? ' none' : labels.map((label) => `\n  ${label}`).join('')
  log.notice(`${service} is ready; its offline event sources:${sources}`)
  process.send?.({ type: 'ready', service })
}
