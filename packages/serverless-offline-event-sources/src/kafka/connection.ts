import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { z } from 'zod'
import { readKafkaEnvironment } from '../environment.ts'
import { EventSourceError } from '../event-source-error.ts'

const KafkaEnvironment = z.object({
  brokers: z
    .string()
    .transform((list) => list.split(',').map((broker) => broker.trim()))
    .optional(),
  securityProtocol: z.enum(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']).default('PLAINTEXT'),
  saslMechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).default('PLAIN'),
  username: z.string().default(''),
  password: z.string().default(''),
  /** A certificate in PEM, or a file with it. */
  sslCa: z.string().optional(),
})
type KafkaEnvironment = z.infer<typeof KafkaEnvironment>

/** How the client reaches the cluster. */
export type Connection = {
  bootstrapBrokers: string[]
  tls?: { ca?: string }
  tlsServerName?: boolean
  sasl?: { mechanism: KafkaEnvironment['saslMechanism']; username: string; password: string }
}

/** Access as the environment says, since `accessConfigurations` name secrets in AWS. */
export function readConnection(bootstrapServers: string[]): Connection {
  const read = KafkaEnvironment.safeParse(readKafkaEnvironment())
  if (!read.success) {
    throw new EventSourceError(
      'invalid-environment',
      `The KAFKA_… variables are not valid:\n${z.prettifyError(read.error)}`,
    )
  }
  const { brokers = bootstrapServers, securityProtocol } = read.data
  if (brokers.length === 0) {
    throw new EventSourceError('no-brokers', 'Set KAFKA_BROKERS: an msk event does not name its brokers.')
  }
  return {
    bootstrapBrokers: brokers,
    ...(securityProtocol.endsWith('SSL') && tls(read.data, brokers)),
    ...(securityProtocol.startsWith('SASL') && sasl(read.data)),
  }
}

function tls({ sslCa }: KafkaEnvironment, brokers: string[]): Pick<Connection, 'tls' | 'tlsServerName'> {
  const isPem = sslCa?.includes('-----BEGIN')
  // A server name may not be an address (RFC 6066).
  const tlsServerName = brokers.every((broker) => isIP(broker.slice(0, broker.lastIndexOf(':'))) === 0)
  return {
    tls: sslCa === undefined ? {} : { ca: isPem ? sslCa : readFileSync(sslCa, 'utf8') },
    tlsServerName,
  }
}

function sasl({ saslMechanism, username, password }: KafkaEnvironment): Pick<Connection, 'sasl'> {
  return { sasl: { mechanism: saslMechanism, username, password } }
}
