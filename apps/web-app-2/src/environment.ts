import { readFileSync } from 'node:fs'
import { KafkaTopic } from '@darkroom/core'
import * as z from 'zod'
import type { KafkaOptions } from './open-topic.ts'
import type { WebApp2Options } from './start-web-app-2.ts'

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(4002),
  /** `host:port`, several with commas. */
  KAFKA_BROKERS: z
    .string()
    .transform((list) => list.split(',').map((broker) => broker.trim()))
    .pipe(z.array(z.string().regex(/^\S+:\d+$/, 'a broker is host:port')).min(1)),
  KAFKA_TOPIC: KafkaTopic.default('images.web-app-2'),
  KAFKA_SECURITY_PROTOCOL: z.enum(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']).default('PLAINTEXT'),
  KAFKA_SASL_MECHANISM: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).default('SCRAM-SHA-512'),
  KAFKA_USERNAME: z.string().optional(),
  KAFKA_PASSWORD: z.string().optional(),
  /** The path of a PEM file with the authority that signed the brokers' certificates, if it is not a public one. */
  KAFKA_SSL_CA: z.string().optional(),
  UPLOAD_API_URL: z.url(),
  UPLOAD_API_KEY: z.string().min(1),
  MAX_IMAGE_BYTES: z.coerce.number().int().positive().optional(),
})
type Environment = z.infer<typeof Environment>

/** The app's whole configuration, checked once. @throws Error that names each variable and what is wrong with it */
export function readEnvironment(variables: Record<string, string | undefined>): WebApp2Options {
  const result = Environment.safeParse(
    Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== '')),
  )
  if (!result.success) {
    throw new Error(`The environment is not right:\n${z.prettifyError(result.error)}`)
  }
  const env = result.data
  return {
    host: env.HOST,
    port: env.PORT,
    kafka: { brokers: env.KAFKA_BROKERS, topic: env.KAFKA_TOPIC, ...security(env) },
    uploadApi: { url: env.UPLOAD_API_URL, apiKey: env.UPLOAD_API_KEY },
    ...(env.MAX_IMAGE_BYTES && { maxImageBytes: env.MAX_IMAGE_BYTES }),
  }
}

function security(env: Environment): Pick<KafkaOptions, 'tls' | 'sasl'> {
  const { KAFKA_SECURITY_PROTOCOL: protocol, KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = env
  const wantsSasl = protocol.startsWith('SASL_')
  if (wantsSasl && !(username && password)) {
    throw new Error(`KAFKA_SECURITY_PROTOCOL is ${protocol}: set KAFKA_USERNAME and KAFKA_PASSWORD.`)
  }
  return {
    ...(protocol.endsWith('SSL') && { tls: env.KAFKA_SSL_CA ? { ca: readFileSync(env.KAFKA_SSL_CA) } : {} }),
    ...(wantsSasl &&
      username &&
      password && { sasl: { mechanism: env.KAFKA_SASL_MECHANISM, username, password } }),
  }
}
