import { buffer } from 'node:stream/consumers'
import { listen } from './listen.ts'

/** `silent` never answers, `lost` passes the request on but not the answer. */
type Fault = 'silent' | 'lost' | 503

export interface FaultyApi {
  url: string
  stop(): Promise<void>
  /** Decides about each request until the next call. A result of undefined passes it on. */
  behave(fault: (method: string, path: string) => Fault | undefined): void
}

const UNAVAILABLE = JSON.stringify({
  type: 'urn:problem-type:darkroom:storage-unavailable',
  title: 'Storage is unavailable',
  detail: 'Storage is not available. Send it again.',
  status: 503,
  retryable: true,
})
/** Headers of one connection, not of the message. */
const HOP_BY_HOP = ['host', 'connection', 'content-length', 'transfer-encoding', 'content-encoding']

/** A proxy in front of the API that misbehaves. Preflight requests are always answered. */
export async function startFaultyApi(api: string): Promise<FaultyApi> {
  let faultOf: Parameters<FaultyApi['behave']>[0] = () => undefined
  const server = await listen(async (request, response) => {
    const { method = 'GET', url = '/' } = request
    const body = await buffer(request)
    const fault = method === 'OPTIONS' ? undefined : faultOf(method, url)
    if (fault === 'silent') return
    if (fault === 503) {
      const headers = { 'content-type': 'application/problem+json', 'access-control-allow-origin': '*' }
      return void response.writeHead(503, headers).end(UNAVAILABLE)
    }
    const headers = Object.entries(request.headers).filter(([name]) => !HOP_BY_HOP.includes(name))
    try {
      const answer = await fetch(api + url, {
        method,
        headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
        ...(body.length > 0 && { body }),
      })
      const bytes = Buffer.from(await answer.arrayBuffer())
      if (fault === 'lost') return void request.socket.destroy()
      const answered = [...answer.headers].filter(([name]) => !HOP_BY_HOP.includes(name))
      response.writeHead(answer.status, Object.fromEntries(answered)).end(bytes)
    } catch {
      // The connection to the API broke. The page sees that of its own, and is tested for it.
      request.socket.destroy()
    }
  })
  return {
    ...server,
    behave(fault) {
      faultOf = fault
    },
  }
}
