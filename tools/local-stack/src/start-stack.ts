import { type KafkaConnection, readKafkaConnection } from '@darkroom/kafka-connection'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { startWebApp1 } from '@darkroom/web-app-1'
import { startWebApp2 } from '@darkroom/web-app-2'
import { APPS, apiKeyHashes, IMAGE_TOPIC } from './apps.ts'
import { type Endpoints, endpointsFor } from './endpoints.ts'
import type { Ports } from './ports.ts'
import { requireTopic } from './require-topic.ts'
import { type DashboardOptions, startDashboard } from './start-dashboard.ts'
import { type RunningService, SERVICES, type ServiceName, startService } from './start-service.ts'

/** Partitions of the image topic, and so the number of concurrent batches. */
const PARTITIONS = 2

export interface StackOptions {
  ports: Ports
  /** The services to start; each is a process that takes seconds to load. Default: all. */
  services?: readonly ServiceName[]
  /** Directory for the state of S3 and SQS. Default: in memory. Kafka is always in memory. */
  dataDir?: string
  /** Additional environment variables for the services, such as `IMAGE_ENGINE`. */
  environment?: Record<string, string>
  /** The service that a debugger attaches to. */
  inspect?: ServiceName | undefined
  /** Ends a start: everything that runs by then is stopped. */
  signal?: AbortSignal
  /** Called when a part is ready. */
  onReady?: (part: string) => void
  /** Called with each line of output. */
  onLine?: (part: string, line: string) => void
}

export interface Stack {
  endpoints: Endpoints
  /** Resolves with the name of the first service that exits. */
  firstToEnd: Promise<string>
  stop(): Promise<void>
}

/**
 * Starts the whole system on this machine: S3 and SQS (unless `AWS_ENDPOINT_URL` is set), a Kafka broker (unless
 * `KAFKA_BROKERS` is set), the services with `serverless offline`, both web applications and the dashboard.
 *
 * @throws Error if a part does not start. All started parts are stopped first.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const running: { stop(): Promise<void> }[] = []
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  try {
    return await startParts(options, running, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function startParts(
  options: StackOptions,
  running: { stop(): Promise<void> }[],
  stop: Stack['stop'],
): Promise<Stack> {
  const { ports, onReady, onLine } = options
  const aws = await startAws(options)
  if (aws) running.push(aws)
  const { kafka, connection } = await startKafka(options)
  if (kafka) running.push(kafka)
  const awsEndpoint = aws?.endpoint ?? process.env.AWS_ENDPOINT_URL
  const endpoints = endpointsFor(ports, awsEndpoint, connection.bootstrapBrokers.join(','))
  const environment = { ...kafkaEnvironment(connection), ...options.environment }
  const services = await startServices({ ...options, environment }, endpoints, aws)
  running.push({ stop: async () => void (await Promise.all(services.map(({ service }) => service.stop()))) })
  running.push(
    await startWebApp1({
      port: ports.webApp1,
      uploadApi: { url: endpoints.uploadApi, apiKey: APPS['web-app-1'].apiKey },
    }),
  )
  onReady?.('web-app-1')
  running.push(
    await startWebApp2({
      port: ports.webApp2,
      kafka: { ...connection, topic: IMAGE_TOPIC },
      claims: storeOf(endpoints.bucket, aws),
      uploadApi: { url: endpoints.uploadApi, apiKey: APPS['web-app-2'].apiKey },
      onLine: (line) => onLine?.('web-app-2', line),
    }),
  )
  onReady?.('web-app-2')
  running.push(
    await startDashboard({
      port: ports.dashboard,
      store: storeOf(endpoints.bucket, aws),
      uploadPages: [
        { name: 'Web App #1', url: endpoints.webApp1 },
        { name: 'Web App #2', url: endpoints.webApp2 },
      ],
    }),
  )
  onReady?.('dashboard')
  const firstToEnd = Promise.race(services.map(({ name, service }) => service.exited.then(() => name)))
  return { endpoints, firstToEnd, stop }
}

async function startAws({ ports, dataDir, onReady }: StackOptions): Promise<LocalAws | undefined> {
  const external = process.env.AWS_ENDPOINT_URL
  const aws = external ? undefined : await startLocalAws({ port: ports.aws, ...(dataDir && { dataDir }) })
  onReady?.(external ? `S3 and SQS at ${external}` : 'S3 and SQS')
  return aws
}

/** The embedded broker, or else the cluster that the KAFKA_… variables name, once it has the topic. */
async function startKafka({
  ports,
  onReady,
}: StackOptions): Promise<{ kafka?: LocalKafka; connection: KafkaConnection }> {
  if (process.env.KAFKA_BROKERS) {
    const connection = readKafkaConnection(process.env)
    await requireTopic(connection, IMAGE_TOPIC, PARTITIONS)
    onReady?.(`Kafka at ${connection.bootstrapBrokers.join(',')}`)
    return { connection }
  }
  const kafka = await startLocalKafka({
    port: ports.kafka,
    topics: { [IMAGE_TOPIC]: PARTITIONS },
    timestampType: 'LogAppendTime',
  })
  onReady?.('Kafka')
  return { kafka, connection: { bootstrapBrokers: [kafka.brokers] } }
}

interface NamedService {
  name: string
  service: RunningService
}

async function startServices(
  { ports, services = SERVICES, environment, inspect, signal, onReady, onLine }: StackOptions,
  endpoints: Endpoints,
  aws: LocalAws | undefined,
): Promise<NamedService[]> {
  const shared = {
    ...(aws && awsEnvironment(aws.endpoint)),
    ...serviceEnvironment(endpoints),
    ...environment,
  }
  signal?.throwIfAborted()
  const starting = services.map(async (name): Promise<NamedService> => {
    const service = await startService({
      name,
      environment: shared,
      inspect: name === inspect,
      signal,
      ...(name === 'upload-api' && { httpPort: ports.uploadApi }),
      onLine: (line) => onLine?.(name, line),
    })
    onReady?.(name)
    return { name, service }
  })
  const results = await Promise.allSettled(starting)
  const started = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value)
  const failure = results.find((result) => result.status === 'rejected')
  if (!failure) return started
  await Promise.all(started.map(({ service }) => service.stop()))
  throw failure.reason
}

function serviceEnvironment(endpoints: Endpoints): Record<string, string> {
  return {
    BUCKET: endpoints.bucket,
    QUEUE_URL: endpoints.queueUrl,
    PARKED_QUEUE_URL: endpoints.parkedQueueUrl,
    API_KEY_HASHES: apiKeyHashes(),
    DOCS_API_KEY: APPS['web-app-1'].apiKey,
    KAFKA_BROKERS: endpoints.kafkaBrokers,
  }
}

/** The SDK's own settings are used only if S3 is external. */
function storeOf(bucket: string, aws: LocalAws | undefined): DashboardOptions['store'] {
  const region = process.env.AWS_REGION || 'us-east-1'
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  return { bucket, s3: aws ? { endpoint: aws.endpoint, region, credentials } : { region } }
}

/** Passes the CA as text, because services run in other folders, where a relative path would not resolve. */
function kafkaEnvironment({ tls, sasl }: KafkaConnection): Record<string, string> {
  if (!(tls || sasl)) return { KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' }
  return tls?.ca ? { KAFKA_SSL_CA: tls.ca } : {}
}
