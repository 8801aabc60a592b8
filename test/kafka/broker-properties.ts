import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type SecuredListener, securedProperties } from './secured-listener.ts'

/**
 * Settings for a single node and for images. compose.yaml has the same. Everything else is Kafka's default.
 */
export const BROKER_SETTINGS: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'controller.listener.names': 'CONTROLLER',

  // Topics are created explicitly, as on a production cluster. Otherwise a mistyped name would create an empty topic
  // instead of an error, and every topic would have one partition.
  'auto.create.topics.enable': 'false',

  // One node has one replica. One partition instead of 50 is created faster and sufficient.
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',

  // The first consumer of a group reads immediately instead of waiting for more members.
  'group.initial.rebalance.delay.ms': '0',

  // 12 MiB: an image of 8 MB, also in base64 in a structured CloudEvent.
  'message.max.bytes': '12582912',
  'replica.fetch.max.bytes': '12582912',

  // The log cleaner allocates this much heap. The default of 128 MB is half of the broker's heap here.
  'log.cleaner.dedupe.buffer.size': '4194304',
}

interface BrokerAddress {
  dataDir: string
  bindAddress: string
  port: number
  controllerPort: number
  /** A second listener with TLS and passwords. */
  secured?: SecuredListener | undefined
}

/** The broker's log folder in the data directory. */
export function logDir(dataDir: string): string {
  return join(dataDir, 'log')
}

/** @returns the path of the written file */
export async function writeBrokerProperties({
  dataDir,
  bindAddress,
  port,
  controllerPort,
  secured,
}: BrokerAddress): Promise<string> {
  const others = secured ? [`SECURED://BIND:${secured.port}`] : []
  const properties = {
    ...BROKER_SETTINGS,
    listeners: [`PLAINTEXT://${bindAddress}:${port}`, `CONTROLLER://127.0.0.1:${controllerPort}`, ...others]
      .map((listener) => listener.replace('BIND', bindAddress))
      .join(),
    'advertised.listeners': [`PLAINTEXT://127.0.0.1:${port}`, ...others]
      .map((listener) => listener.replace('BIND', 'localhost'))
      .join(),
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': logDir(dataDir),
    ...(secured && securedProperties(secured)),
  }
  const file = join(dataDir, 'server.properties')
  await writeFile(
    file,
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  return file
}
