import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Broker } from './broker.ts'
import type { TimestampType } from './log/partition-log.ts'
import { serveConnection } from './serve-connection.ts'

const MiB = 1024 * 1024

/** Options of the broker. All are optional. */
export interface LocalKafkaOptions {
  /** TCP port on 127.0.0.1. Default: 0, which picks a free port. */
  port?: number
  /** Topics to create at the start unless they exist, with their number of partitions. Others are created on first use. */
  topics?: Record<string, number>
  /** Partitions of a topic that is created without a number. Default: 2. */
  partitions?: number
  /** Maximum size of a record batch, compressed. Default: 32 MiB. */
  maxMessageBytes?: number
  /** Maximum size of a partition. The oldest records are deleted first. Default: 256 MiB. */
  retentionBytes?: number
  /** Whose time records have, in a topic that is created without `message.timestamp.type`. Default: CreateTime, as in Kafka. */
  timestampType?: TimestampType
  /** Directory for records, topics and committed offsets. Created if missing. Default: everything is in memory. */
  dataDir?: string
  /** A connection on which nothing comes for so long is closed, as by Kafka's `connections.max.idle.ms`. Default: ten minutes. */
  maxIdleMs?: number
  /** Called with one sentence if records were cut off or cannot be written. Default: prints it to standard error. */
  onProblem?: (message: string) => void
}

/** A running broker. */
export interface LocalKafka {
  /** `127.0.0.1:PORT`, for a client's bootstrap servers. */
  brokers: string
  port: number
  /** Closes all connections and the data directory. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a Kafka cluster of one broker, reachable from any process on this machine.
 *
 * @throws Error that names the port if it is in use, with `EADDRINUSE` as its cause
 */
export async function startLocalKafka(options: LocalKafkaOptions = {}): Promise<LocalKafka> {
  const { port = 0, topics = {}, partitions = 2 } = options
  const { maxMessageBytes = 32 * MiB, retentionBytes = 256 * MiB } = options
  const { timestampType = 'CreateTime', dataDir, onProblem = console.error, maxIdleMs = 600_000 } = options
  const defaults = { partitions, timestampType, limits: { maxMessageBytes, retentionBytes } }
  const broker = new Broker(defaults, { dataDir, onProblem })
  for (const [name, count] of Object.entries(topics)) {
    if (!broker.topics.find(name)) broker.topics.create(name, count)
  }

  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setTimeout(maxIdleMs, () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
    void serveConnection(socket, broker)
  })
  server.listen(port, broker.host)
  await once(server, 'listening').catch((cause) => {
    broker.close()
    throw explain(cause, broker.host, port)
  })
  broker.port = (server.address() as AddressInfo).port

  let stopped: Promise<void> | undefined
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    broker.close()
    server.close()
    await once(server, 'close')
  }
  return {
    brokers: `${broker.host}:${broker.port}`,
    port: broker.port,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

function explain(cause: unknown, host: string, port: number): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') return cause
  return new Error(`Local Kafka cannot listen on ${host}:${port}: the port is in use.`, { cause })
}
