import { formatLogLine, parseLogEntry } from '../format-log-line.ts'
import { followImages } from './image-lines.ts'

const ATTENTION = new Set(['WARN', 'ERROR', 'CRITICAL'])

export interface LogView {
  take(service: string, line: string): void
  /** Shows every line, or only images, warnings and errors. @returns whether every line is shown now */
  toggle(): boolean
  readonly latestImage: { app: string; id: string } | undefined
}

/** What `pnpm dev` shows of the services' output. */
export function createLogView(write: (line: string) => void, isVerbose: boolean): LogView {
  let showsAll = isVerbose
  const images = followImages((line) => showsAll || write(line))
  return {
    take(service, line) {
      const entry = parseLogEntry(line)
      const isAboutImage = entry !== undefined && images.take(service, entry)
      const isShown = showsAll || !entry || (!isAboutImage && needsAttention(entry))
      const formatted = isShown ? formatLogLine(service, line) : undefined
      if (formatted !== undefined) write(formatted)
    },
    toggle() {
      showsAll = !showsAll
      return showsAll
    },
    get latestImage() {
      return images.latest
    },
  }
}

function needsAttention({ level, message }: Record<string, unknown>): boolean {
  return ATTENTION.has(String(level)) || /^reloaded after/.test(String(message))
}
