import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { signedHeaders } from '@darkroom/local-aws'
import type { Chance } from '../simulation/chance.ts'

/** Probabilities per request. */
const RATES = { error: 0.03, reset: 0.02, lost: 0.03, slow: 0.15 }
const SLOWEST_MS = 1_500

/**
 * Queues get this visibility timeout instead of the template's 360 s: so much later the messages and dead letters of a killed
 * process, or of a failed request, are visible again.
 */
const VISIBILITY_SECONDS = 20
const SETS_ATTRIBUTES = /\.(CreateQueue|SetQueueAttributes)$/

/** Stands between the services and S3 and SQS, and does what networks and AWS do on a bad day. */
export interface FaultProxy {
  endpoint: string
  /** `calm`: forwards everything. `faulty`: some requests fail. */
  mode: 'calm' | 'faulty'
  /** Every connection to them is closed at once. */
  away: readonly Store[]
  /** How often each fault happened. */
  counts: Record<'requests' | 'error' | 'reset' | 'lost' | 'slow' | 'out', number>
  stop(): Promise<void>
}

type Store = 's3' | 'sqs'

export async function startFaultProxy(target: string, chance: Chance): Promise<FaultProxy> {
  const server = createServer(
    (incoming, answer) => void handle(incoming, answer).catch(() => answer.destroy()),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${port}`,
    mode: 'calm',
    away: [],
    counts: { requests: 0, error: 0, reset: 0, lost: 0, slow: 0, out: 0 },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }

  async function handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const name = `request ${++proxy.counts.requests}`
    const happens = (kind: keyof typeof RATES) => {
      if (proxy.mode !== 'faulty' || !chance.happens(`${kind} ${name}`, RATES[kind])) return false
      proxy.counts[kind] += 1
      return true
    }
    if (proxy.away.includes(storeOf(incoming))) {
      proxy.counts.out += 1
      return void incoming.socket.destroy()
    }
    if (happens('slow')) await delay(chance.number(`latency ${name}`) * SLOWEST_MS)
    if (happens('reset')) return void incoming.socket.destroy()
    if (happens('error')) {
      await text(incoming)
      answer.writeHead(503, { 'content-type': 'application/xml' })
      return void answer.end('<Error><Code>SlowDown</Code><Message>simulated</Message></Error>')
    }
    await forward(incoming, answer, target, happens('lost'))
  }
  return proxy
}

const storeOf = ({ headers }: IncomingMessage): Store => (headers['x-amz-target'] ? 'sqs' : 's3')

/** @param isLost the request takes effect, and its answer never arrives */
async function forward(incoming: IncomingMessage, answer: ServerResponse, target: string, isLost: boolean) {
  const { method, url, headers } = incoming
  const body = SETS_ATTRIBUTES.test(String(headers['x-amz-target']))
    ? await withShortTimeout(incoming)
    : undefined
  const changed = body === undefined ? {} : headersOf(incoming, body)
  const outgoing = request(new URL(url ?? '/', target), { method, headers: { ...headers, ...changed } })
  outgoing.on('error', () => answer.destroy())
  // A long poll that its client gave up must not take messages.
  answer.once('close', () => outgoing.destroy())
  if (body === undefined) incoming.pipe(outgoing)
  else outgoing.end(body)
  const [reply] = (await once(outgoing, 'response')) as [IncomingMessage]
  if (isLost) {
    await text(reply)
    return void incoming.socket.destroy()
  }
  answer.writeHead(reply.statusCode ?? 502, reply.headers)
  reply.pipe(answer)
}

async function withShortTimeout(incoming: IncomingMessage): Promise<string> {
  const body = await text(incoming)
  return body.replace(/("VisibilityTimeout":)"\d+"/, `$1"${VISIBILITY_SECONDS}"`)
}

/** Of a request whose body was changed: it has another length and signature. */
function headersOf({ method = 'POST', url = '/', headers }: IncomingMessage, body: string) {
  const hash = createHash('sha256').update(body).digest('hex')
  const toSign = {
    host: String(headers.host),
    'x-amz-target': String(headers['x-amz-target']),
    'x-amz-user-agent': String(headers['x-amz-user-agent']),
    'x-amz-content-sha256': hash,
  }
  return {
    'content-length': Buffer.byteLength(body),
    ...signedHeaders({ method, url, headers: toSign }, body, { service: 'sqs', region: 'us-east-1' }),
  }
}

const delay = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
