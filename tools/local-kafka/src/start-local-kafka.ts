import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Broker } from './broker.ts'
import { serveConnection } from './serve-connection.ts'

const MiB = 1024 * 1024

/** How to start the broker; every option may be left out. */
export interface LocalKafkaOptions {
  /** TCP port on 127.0.0.1; 0, the default, takes a free one. */
  port?: number
  /** Topics that exist from the start, with their partitions. Others are made when a client asks for them. */
  topics?: Record<string, number>
  /** Partitions of a topic that is made without a number: 2. */
  partitions?: number
  /** Bytes of the largest batch of records, compressed: 32 MiB. */
  maxMessageBytes?: number
  /** Bytes a partition keeps, beyond which its oldest records go: 256 MiB. */
  retentionBytes?: number
}

/** A running broker. */
export interface LocalKafka {
  /** `127.0.0.1:PORT`, for a client's bootstrap servers. */
  brokers: string
  port: number
  /** Closes every connection and forgets everything. May be called twice. */
  stop(): Promise<void>
}

/**
 * Starts a Kafka cluster of one broker, in memory, which any process on this machine can use.
 *
 * @throws Error naming the port when it is taken, with the system's `EADDRINUSE` as its cause
 */
export async function startLocalKafka(options: LocalKafkaOptions = {}): Promise<LocalKafka> {
  const { port = 0, topics = {}, partitions = 2 } = options
  const { maxMessageBytes = 32 * MiB, retentionBytes = 256 * MiB } = options
  const broker = new Broker(partitions, { maxMessageBytes, retentionBytes })
  for (const [name, count] of Object.entries(topics)) broker.topics.create(name, count)

  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    void serveConnection(socket, broker)
  })
  server.listen(port, broker.host)
  await once(server, 'listening').catch((cause) => {
    throw explain(cause, broker.host, port)
  })
  broker.port = (server.address() as AddressInfo).port

  let stopped: Promise<void> | undefined
  const stop = async () => {
    broker.close()
    for (const socket of sockets) socket.destroy()
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
  return new Error(`Local Kafka cannot listen on ${host}:${port}: the port is taken.`, { cause })
}
