import type { Log } from './serverless.ts'

/** One line when something stops answering, one when it answers again, nothing in between. */
export type Outage = {
  noticed(error: unknown): void
  over(): void
  /** Whether one is on. */
  readonly isOn: boolean
}

export function watchOutage(what: string, log: Log): Outage {
  let since: number | undefined
  return {
    noticed(error) {
      if (since !== undefined) return
      since = Date.now()
      log.warning(`${what} does not answer, will keep trying: ${reason(error)}`)
    },
    over() {
      if (since === undefined) return
      log.notice(`${what} answers again, after ${((Date.now() - since) / 1000).toFixed(1)} s`)
      since = undefined
    },
    get isOn() {
      return since !== undefined
    },
  }
}

/** Node reports a refused connection to a name of two addresses as an error without a message. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
}
