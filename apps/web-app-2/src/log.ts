import { randomUUID } from 'node:crypto'
import { type FastifyReply, type FastifyRequest, type FastifyServerOptions, LogController } from 'fastify'

/** Log lines in the services' format: JSON with level, message, service and timestamp. */
export function logOptions(onLine?: (line: string) => void): FastifyServerOptions {
  return {
    genReqId: () => randomUUID(),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    logger: onLine
      ? {
          base: { service: 'web-app-2' },
          messageKey: 'message',
          timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
          formatters: { level: (label) => ({ level: label.toUpperCase() }) },
          stream: { write: (line) => onLine(line.trimEnd()) },
        }
      : false,
  }
}

/** One line per API request; the page's own files are not logged. */
export async function logRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (!request.url.startsWith('/api/')) return
  const fields = { status: reply.statusCode, milliseconds: Math.round(reply.elapsedTime) }
  request.log.info(fields, `${request.method} ${request.url} ${reply.statusCode}`)
}

/** The innermost cause of an error, for the log: Kafka clients wrap "wrong password" into "no broker" several times. */
export function reasonOf(error: unknown): string {
  const { errors, cause } = Object(error) as { errors?: unknown[]; cause?: unknown }
  const below = errors?.at(-1) ?? cause
  return below === undefined ? String(error) : reasonOf(below)
}
