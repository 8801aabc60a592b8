import { once } from 'node:events'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { writeBrokerProperties } from './broker-properties.ts'
import { chooseRuntime } from './choose-runtime.ts'
import { formatStorage } from './format-storage.ts'
import type { JavaProcess } from './java-runtime.ts'
import { readMetadata } from './read-metadata.ts'
import { makeSecuredListener, SCRAM_USERS } from './secured-listener.ts'

const STARTING_MS = 60_000
const STOPPING_MS = 30_000

export interface ApacheKafkaOptions {
  /** on 127.0.0.1; a free one when absent */
  port?: number
  /** a folder of an earlier start, to find its topics and offsets again; a new temporary one when absent */
  dataDir?: string
  /** whether there is a second listener, with TLS and passwords */
  secured?: boolean
}

export interface ApacheKafka {
  /** for any client's `bootstrap.servers`: `127.0.0.1:PORT` */
  brokers: string
  /** The other listener, and the certificate in PEM by which it is known. */
  secured?: { brokers: string; certificate: string } | undefined
  /** stays after `stop()` and `kill()`; whoever needs it no longer removes it */
  dataDir: string
  /** Lets the broker close its logs, and waits until it has gone. */
  stop(): Promise<void>
  /** What a power cut does (SIGKILL), and waits until it has gone. */
  kill(): Promise<void>
}

/**
 * Starts a real Apache Kafka, a single node in KRaft mode, and waits until it answers a metadata request.
 * It runs in Docker where an engine answers, else on this machine's Java.
 * @throws Error if there is neither, if Kafka cannot be fetched, or if the broker does not start
 */
export async function startApacheKafka(options: ApacheKafkaOptions = {}): Promise<ApacheKafka> {
  const runtime = await chooseRuntime()
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'darkroom-kafka-')))
  await mkdir(dataDir, { recursive: true })
  const port = options.port ?? (await freePort())
  const { bindAddress } = runtime
  const secured = options.secured
    ? await makeSecuredListener(runtime, { dataDir, port: await freePort() })
    : undefined
  const properties = await writeBrokerProperties({
    dataDir,
    bindAddress,
    port,
    controllerPort: await freePort(),
    secured,
  })
  const clusterId = await formatStorage(runtime, {
    dataDir,
    properties,
    scram: secured ? SCRAM_USERS : [],
  })
  const broker = runtime.run({
    main: 'kafka.Kafka',
    args: [properties],
    dataDir,
    ports: secured ? [port, secured.port] : [port],
  })
  await ready(broker, { port, clusterId })
  return {
    brokers: `127.0.0.1:${port}`,
    secured: secured && { brokers: `localhost:${secured.port}`, certificate: secured.certificate },
    dataDir,
    stop: () => stop(broker),
    kill: () => kill(broker),
  }
}

/** The cluster's id tells this broker from another one that holds the port already. */
async function ready(broker: JavaProcess, { port, clusterId }: { port: number; clusterId: string }) {
  const deadline = Date.now() + STARTING_MS
  while (!broker.hasExited() && Date.now() < deadline) {
    const metadata = await readMetadata(port).catch(() => undefined)
    if (metadata?.clusterId === clusterId && metadata.brokers > 0) return
    await delay(50)
  }
  const what = broker.hasExited() ? 'stopped while starting' : `was not ready after ${STARTING_MS / 1000} s`
  await kill(broker)
  throw new Error(`Apache Kafka on 127.0.0.1:${port} ${what}. It said:\n${broker.output()}`)
}

async function stop(broker: JavaProcess) {
  broker.signal('SIGTERM')
  const patience = new AbortController()
  const tooLong = delay(STOPPING_MS, 'too long', patience)
  const outcome = await Promise.race([broker.exited, tooLong.catch(() => undefined)])
  patience.abort()
  if (outcome === 'too long') await kill(broker)
}

async function kill(broker: JavaProcess) {
  broker.signal('SIGKILL')
  await broker.exited
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.')
  return address.port
}
