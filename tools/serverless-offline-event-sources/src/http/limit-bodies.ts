import type { HttpServer } from '../serverless.ts'

/** The bodies of this many bytes are processed at the same time; each takes ten times its size in several copies. */
const MAX_BYTES_IN_PROGRESS = 2 * 1024 * 1024
/** Of a body without a Content-Length. */
const ASSUMED_BYTES = 1024 * 1024
/** A client that takes longer to send its body is slower than this machine and holds nobody up. */
const SLOW_CLIENT_MS = 2_000

/**
 * Lets requests with large bodies wait for each other before they are read and authorized. On AWS every request has an
 * instance of its own; here they share a machine, and in a burst all of them would run out of time together.
 */
export function limitBodies(server: HttpServer): void {
  let bytesInProgress = 0
  const waiting: (() => void)[] = []
  const startNext = () => {
    while (bytesInProgress < MAX_BYTES_IN_PROGRESS) {
      const start = waiting.shift()
      if (!start) return
      start()
    }
  }
  server.ext('onRequest', async ({ raw: { req, res } }, toolkit) => {
    const bytes = bodyBytes(req.headers)
    if (bytes === 0) return toolkit.continue
    await new Promise<void>((resolve) => {
      const start = () => {
        // A client that has gone while it waited.
        if (res.closed) return resolve()
        bytesInProgress += bytes
        let isCounted = true
        const end = () => {
          if (isCounted) bytesInProgress -= bytes
          isCounted = false
          startNext()
        }
        const timer = setTimeout(() => req.complete || end(), SLOW_CLIENT_MS)
        res.once('close', () => {
          clearTimeout(timer)
          end()
        })
        resolve()
      }
      waiting.push(start)
      startNext()
    })
    return toolkit.continue
  })
}

function bodyBytes({
  'content-length': length,
  'transfer-encoding': encoding,
}: NodeJS.Dict<string | string[]>): number {
  return length === undefined ? (encoding === undefined ? 0 : ASSUMED_BYTES) : Number(length)
}
