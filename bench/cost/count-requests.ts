import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** Requests to S3, SQS and SNS as AWS bills them. */
export interface Requests {
  s3Write: number
  s3Read: number
  sqsRequest: number
  snsRequest: number
  /** While at least one of them was under way. */
  busyMs: number
}

export interface RequestCounter {
  endpoint: string
  /** What was counted since the last call. */
  take(): Requests
  stop(): Promise<void>
}

/** SQS and SNS bill a payload in parts of this size. */
const PART_BYTES = 64 * 1024

/** No requests. */
export const none = (): Requests => ({ s3Write: 0, s3Read: 0, sqsRequest: 0, snsRequest: 0, busyMs: 0 })

/**
 * Stands between one service and S3, SQS and SNS, and counts. A receive without messages is not counted: on AWS Lambda polls
 * for all functions of a queue at once, at a rate of its own.
 */
export async function startRequestCounter(target: string): Promise<RequestCounter> {
  let counted = none()
  let [open, busySince] = [0, 0]
  const server = createServer(
    (incoming, answer) => void forward(incoming, answer).catch(() => answer.destroy()),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()

  async function forward(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = incoming
    const isPolling = actionOf(incoming) === 'ReceiveMessage'
    if (!isPolling && open++ === 0) busySince = performance.now()
    answer.once('close', () => {
      if (!isPolling && --open === 0) counted.busyMs += performance.now() - busySince
    })
    const outgoing = request(new URL(url, target), { method, headers })
    outgoing.on('error', () => answer.destroy())
    answer.once('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage]
    const body = await buffer(reply)
    count(incoming, body)
    answer.writeHead(reply.statusCode ?? 502, reply.headers).end(body)
  }

  function count(incoming: IncomingMessage, answer: Buffer): void {
    const { method = 'GET', url = '/', headers } = incoming
    const action = actionOf(incoming)
    if (action === 'ReceiveMessage' && !answer.includes('"Messages"')) return
    // S3 sends its events as requests to SQS, which do not pass through here.
    counted.sqsRequest += answer.toString().split(String.raw`\"eventSource\":\"aws:s3\"`).length - 1
    const bytes = Math.max(Number(headers['content-length'] ?? 0), answer.length)
    const parts = Math.max(1, Math.ceil(bytes / PART_BYTES))
    if (action) counted.sqsRequest += parts
    else if (isSns(headers)) counted.snsRequest += parts
    else if (method === 'PUT' || method === 'POST' || isListing(method, url)) counted.s3Write += 1
    else if (method !== 'DELETE') counted.s3Read += 1
  }

  return {
    endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    take() {
      const taken = counted
      counted = none()
      return taken
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Of SQS's JSON protocol. */
const actionOf = ({ headers }: IncomingMessage) => String(headers['x-amz-target'] ?? '').split('.')[1]

/** SNS's protocol. */
const isSns = (headers: IncomingMessage['headers']) =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded')

const isListing = (method: string, url: string) =>
  method === 'GET' && /[?&](list-type|uploads)(=|&|$)/.test(url)
