import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Answer {
  status: number
  body: unknown
  headers?: Record<string, string>
}

export interface StatusApi {
  url: string
  /** The requests, in order. */
  requests: IncomingMessage[]
  /** Answers the next requests. A promise holds them. */
  answer: (request: IncomingMessage) => Answer | Promise<Answer>
  stop(): Promise<void>
}

/** A stand-in for the upload API; other tests run the whole stack. */
export async function startStatusApi(): Promise<StatusApi> {
  const server = createServer(async (request, response) => {
    api.requests.push(request)
    const { status, body, headers } = await api.answer(request)
    const text = Buffer.isBuffer(body) || body === undefined ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const api: StatusApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    answer: () => NOT_FOUND,
    stop: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return api
}

export const NOT_FOUND: Answer = {
  status: 404,
  body: { type: 'urn:problem-type:darkroom:not-found', title: 'Not found', status: 404 },
  headers: { 'content-type': 'application/problem+json' },
}
