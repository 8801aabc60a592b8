import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** Requests of DynamoDB's protocol name their action in this header: `DynamoDB_20120810.UpdateItem`. */
const TARGET = /^DynamoDB_\d+\./

/** Answers requests of DynamoDB's protocol by dynalite, with tables in memory that are active at once. */
export function serveDynamoDB(app: FastifyInstance): void {
  // Loaded with the first request, because most tests have none.
  let tables: Promise<Server>
  app.addHook('preParsing', async ({ raw, headers, method, url }, reply, body) => {
    if (!TARGET.test(String(headers['x-amz-target'] ?? ''))) return body
    reply.hijack()
    tables ??= openTables()
    ;(await tables).emit(
      'request',
      Object.assign(body, { headers, method, url, socket: raw.socket }),
      reply.raw,
    )
    return body
  })
}

async function openTables(): Promise<Server> {
  const { default: dynalite } = await import('dynalite')
  return dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
}
