import { styleText } from 'node:util'
import { PROBLEMS, type ProblemSlug } from '@darkroom/core'
import type { LogEntry } from '../format-log-line.ts'

/** An image that takes longer gets a line before it is finished. */
const SLOW_MS = 2_000

interface Accepted {
  app: string
  source: 'HTTP' | 'Kafka'
  milliseconds?: number | undefined
  timer: NodeJS.Timeout
}

export interface ImageLines {
  /** Writes a line if the entry concerns an image. @returns whether it has written or will write one */
  take(service: string, entry: LogEntry): boolean
  /** The image that was accepted last. */
  readonly latest: { app: string; id: string } | undefined
}

/** Follows images through the services' log lines and writes one line for each, with its times or its failure. */
export function followImages(write: (line: string) => void): ImageLines {
  const waiting = new Map<string, Accepted>()
  let latest: ImageLines['latest']

  const accept = (source: Accepted['source'], { app, imageId, milliseconds }: LogEntry) => {
    const id = String(imageId)
    latest = { app: String(app), id }
    const late = () => write(lineOf('…', { app: String(app), source }, 'accepted, not processed yet', id))
    const timer = setTimeout(late, SLOW_MS).unref()
    waiting.set(id, { app: String(app), source, milliseconds: milliseconds as number | undefined, timer })
  }
  const finish = ({ app, imageId, queuedMs, processingMs, failure }: LogEntry) => {
    const id = String(imageId)
    const image = waiting.get(id) ?? { app: String(app), source: '' }
    clearTimeout(waiting.get(id)?.timer)
    waiting.delete(id)
    if (failure) return write(failedLine(image, `failed: ${failure}`, `pnpm darkroom status ${id}`))
    const stored = 'milliseconds' in image && image.milliseconds ? `stored ${image.milliseconds}, ` : ''
    write(lineOf('✔', image, `${stored}queued ${queuedMs}, processed ${processingMs} ms`, id))
  }

  return {
    get latest() {
      return latest
    },
    take(service, entry) {
      const { message, app = '?', problem, imageId, reason, status } = entry
      const source = service === 'kafka-bridge' ? 'Kafka' : 'HTTP'
      if (isAccepted(service, entry)) accept(source, entry)
      else if (
        service === 'image-processor' &&
        /^image (processed|failed|developed again)$/.test(String(message))
      )
        finish(entry)
      else if (message === 'record rejected') {
        write(failedLine({ app: String(app), source }, `rejected: ${reason}`, String(entry.detail ?? '')))
      } else if (service === 'upload-api' && problem && /^POST /.test(String(message))) {
        const title = PROBLEMS[problem as ProblemSlug]?.title ?? 'The request is refused'
        const advice = `${title}. The response says what to do.`
        write(failedLine({ app: String(app), source }, `refused: ${problem} (${status})`, advice))
      } else if (service === 'upload-api' && /^DELETE .* 200$/.test(String(message))) {
        write(lineOf('✔', { app: String(app), source }, 'erased', String(imageId)))
      } else return false
      return true
    },
  }
}

function isAccepted(service: string, { message, status, imageId }: LogEntry): boolean {
  if (imageId === undefined) return false
  return service === 'upload-api'
    ? status === 202 && /^POST /.test(String(message))
    : service === 'kafka-bridge' && message === 'record accepted'
}

type Sender = { app: string; source: string }

/** `17:05:31 ✔ web-app-1  HTTP   stored 126, queued 89, processed 698 ms  …80ebbd` */
function lineOf(mark: string, { app, source }: Sender, what: string, id?: string): string {
  const color = { '✔': 'green', '✘': 'red' }[mark] ?? 'yellow'
  const time = styleText('dim', new Date().toTimeString().slice(0, 8))
  const end = id ? styleText('dim', `  …${id.slice(-6)}`) : ''
  return `${time} ${styleText(color as 'red', mark)} ${app.padEnd(10)} ${source.padEnd(5)}  ${what}${end}`
}

function failedLine(sender: Sender, what: string, advice: string): string {
  return `${lineOf('✘', sender, styleText('red', what))}\n${' '.repeat(11)}${styleText('dim', advice)}`
}
