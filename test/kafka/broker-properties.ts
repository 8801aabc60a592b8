import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type SecuredListener, securedProperties } from './secured-listener.ts'

/**
 * What a single node needs that a cluster does not, and what images need. compose.yaml holds the same.
 * All else is as Kafka ships it.
 */
export const BROKER_SETTINGS: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'controller.listener.names': 'CONTROLLER',

  // A topic is made on purpose, as on a cluster in production. Were it made by whoever names it first,
  // a mistyped name would be an empty topic instead of an error, and every topic would have one partition.
  'auto.create.topics.enable': 'false',

  // One node holds one replica; one partition (of 50) is quicker to make and enough here.
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',

  // No waiting for more members: the first consumer of a group reads at once.
  'group.initial.rebalance.delay.ms': '0',

  // 12 MiB: an image of 8 MB as it is, and also in base64 inside a structured CloudEvent.
  'message.max.bytes': '12582912',
  'replica.fetch.max.bytes': '12582912',

  // The log cleaner takes this much heap at once; 128 MB by default, half of ours.
  'log.cleaner.dedupe.buffer.size': '4194304',
}

interface Place {
  dataDir: string
  bindAddress: string
  port: number
  controllerPort: number
  /** with TLS and passwords, beside the one in the clear */
  secured?: SecuredListener | undefined
}

/** Where the broker keeps its logs inside the data directory. */
export function logDir(dataDir: string): string {
  return join(dataDir, 'log')
}

/** @returns the path of the file written */
export async function writeBrokerProperties({
  dataDir,
  bindAddress,
  port,
  controllerPort,
  secured,
}: Place): Promise<string> {
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
