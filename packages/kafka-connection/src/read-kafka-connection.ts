import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { parseVariables } from '@darkroom/core'
import * as z from 'zod'

const Variables = z
  .object({
    KAFKA_BROKERS: z
      .string()
      .transform((list) => list.split(',').map((broker) => broker.trim()))
      .pipe(z.array(z.string().regex(/^\S+:\d+$/, 'must be host:port')).min(1))
      .optional(),
    KAFKA_SECURITY_PROTOCOL: z.enum(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']).default('PLAINTEXT'),
    // The only mechanism of MSK.
    KAFKA_SASL_MECHANISM: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).default('SCRAM-SHA-512'),
    KAFKA_USERNAME: z.string().optional(),
    KAFKA_PASSWORD: z.string().optional(),
    KAFKA_SSL_CA: z.string().optional(),
  })
  .refine(
    (env) => !env.KAFKA_SECURITY_PROTOCOL.startsWith('SASL') || (env.KAFKA_USERNAME && env.KAFKA_PASSWORD),
    'KAFKA_USERNAME and KAFKA_PASSWORD are required for SASL',
  )
type Variables = z.infer<typeof Variables>

/** Connection options of `@platformatic/kafka`. */
export interface KafkaConnection {
  /** Each is `host:port`. */
  bootstrapBrokers: string[]
  tls?: { ca?: string }
  tlsServerName?: boolean
  sasl?: { mechanism: Variables['KAFKA_SASL_MECHANISM']; username: string; password: string }
}

/**
 * Reads KAFKA_BROKERS, KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_MECHANISM, KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_SSL_CA
 * (a certificate in PEM, or the path of a file with it). An empty variable counts as missing.
 *
 * @param defaultBrokers the brokers if KAFKA_BROKERS is missing
 * @throws Error that names each invalid variable and the reason
 */
export function readKafkaConnection(
  variables: Record<string, string | undefined>,
  defaultBrokers: string[] = [],
): KafkaConnection {
  const read = parseVariables(Variables, variables)
  const { KAFKA_BROKERS: bootstrapBrokers = defaultBrokers, KAFKA_SECURITY_PROTOCOL: protocol } = read
  if (bootstrapBrokers.length === 0)
    throw new Error('Set KAFKA_BROKERS to a comma-separated list of host:port.')
  return {
    bootstrapBrokers,
    ...(protocol.endsWith('SSL') && tls(read, bootstrapBrokers)),
    ...(protocol.startsWith('SASL') && sasl(read)),
  }
}

function tls({ KAFKA_SSL_CA }: Variables, brokers: string[]): Pick<KafkaConnection, 'tls' | 'tlsServerName'> {
  // A TLS server name must not be an IP address (RFC 6066).
  const tlsServerName = brokers.every((broker) => isIP(broker.slice(0, broker.lastIndexOf(':'))) === 0)
  return { tls: KAFKA_SSL_CA === undefined ? {} : { ca: readPem(KAFKA_SSL_CA) }, tlsServerName }
}

function readPem(pemOrPath: string): string {
  if (pemOrPath.includes('-----BEGIN')) return pemOrPath
  try {
    return readFileSync(pemOrPath, 'utf8')
  } catch (cause) {
    throw new Error(`KAFKA_SSL_CA is neither a PEM certificate nor a readable file: ${pemOrPath}`, {
      cause,
    })
  }
}

function sasl({ KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME, KAFKA_PASSWORD }: Variables) {
  return { sasl: { mechanism, username: KAFKA_USERNAME ?? '', password: KAFKA_PASSWORD ?? '' } }
}
