import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '@darkroom/local-stack'
import { writeBrokerProperties } from './broker-properties.ts'
import { chooseRuntime } from './choose-runtime.ts'
import { formatStorage } from './format-storage.ts'
import type { JavaProcess } from './java-runtime.ts'
import { readMetadata } from './read-metadata.ts'
import { makeSecuredListener, SCRAM_USERS } from './secured-listener.ts'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000

export interface ApacheKafkaOptions {
  /** On 127.0.0.1. By default a free one. */
  port?: number
  /** The folder of an earlier start, to keep its topics and offsets. By default a new temporary one. */
  dataDir?: string
  /** Adds a second listener with TLS and passwords. */
  secured?: boolean
}

export interface ApacheKafka {
  /** For a client's `bootstrap.servers`: `127.0.0.1:PORT`. */
  brokers: string
  /** The second listener and its certificate in PEM. */
  secured?: { brokers: string; certificate: string } | undefined
  /** Not deleted by `stop()` and `kill()`. */
  dataDir: string
  /** Lets the broker close its logs, and waits for its exit. */
  stop(): Promise<void>
  /** Simulates a power cut (SIGKILL), and waits for the exit. */
  kill(): Promise<void>
}

/**
 * Starts a real Apache Kafka, a single node in KRaft mode, and waits until it answers a metadata request. It runs in Docker
 * if an engine is running, or with the installed Java.
 * @throws Error if there is neither, if Kafka cannot be downloaded, or if the broker does not start
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
  await waitUntilReady(broker, { port, clusterId })
  return {
    brokers: `127.0.0.1:${port}`,
    secured: secured && { brokers: `localhost:${secured.port}`, certificate: secured.certificate },
    dataDir,
    stop: () => stop(broker),
    kill: () => kill(broker),
  }
}

/** Compares the cluster's id, because another broker could already use the port. */
async function waitUntilReady(broker: JavaProcess, { port, clusterId }: { port: number; clusterId: string }) {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (!broker.hasExited() && Date.now() < deadline) {
    const metadata = await readMetadata(port).catch(() => undefined)
    if (metadata?.clusterId === clusterId && metadata.brokers > 0) return
    await delay(50)
  }
  const what = broker.hasExited()
    ? 'stopped while starting'
    : `was not ready after ${START_TIMEOUT_MS / 1000} s`
  await kill(broker)
  throw new Error(`Apache Kafka on 127.0.0.1:${port} ${what}. Its output:\n${broker.output()}`)
}

async function stop(broker: JavaProcess) {
  broker.signal('SIGTERM')
  const timer = new AbortController()
  const tooLong = delay(STOP_TIMEOUT_MS, 'too long', timer)
  const outcome = await Promise.race([broker.exited, tooLong.catch(() => undefined)])
  timer.abort()
  if (outcome === 'too long') await kill(broker)
}

async function kill(broker: JavaProcess) {
  broker.signal('SIGKILL')
  await broker.exited
}
