/**
 * Runs one function in its own process: `fork('memory-peer.ts', [MODULE])`. Sends a message when it has started, and the
 * handler's result for each event or HTTP request.
 */
import { randomUUID } from 'node:crypto'
import { send, type TestRequest } from '../services/upload-api/src/testing/send.ts'

const { handler } = await import(String(process.argv[2]))
process.send?.('started')
process.once('message', async (event: TestRequest | object) => {
  const context = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 60_000 }
  const answer = 'method' in event ? await send(handler, event) : await handler(event, context)
  process.send?.(answer, () => process.exit())
})
