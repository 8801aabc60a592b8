import { join } from 'node:path'
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
import { type RunningServices, SERVICES, type ServiceName, startServices } from './start-services.ts'

/** Partitions of the image topic, and so the number of concurrent batches. */
const PARTITIONS = 2

export interface StackOptions {
  ports: Ports
  /** The services to start. Default: all. */
  services?: readonly ServiceName[]
  /** Directory for the state of S3 and SQS (`aws`) and Kafka (`kafka`). Default: in memory. */
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
  /** Resolves when the process of the services exits. */
  ended: Promise<void>
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
  const { ports, onReady } = options
  const aws = await startAws(options)
  if (aws) running.push(aws)
  const { kafka, connection } = await startKafka(options)
  if (kafka) running.push(kafka)
  const awsEndpoint = aws?.endpoint ?? process.env.AWS_ENDPOINT_URL
  const endpoints = endpointsFor(ports, awsEndpoint, connection.bootstrapBrokers.join(','))
  const environment = { ...kafkaEnvironment(connection), ...options.environment }
  // In a process of their own: they start beside the parts of this one.
  const starting = startAll({ ...options, environment }, endpoints, aws)
  const stopServices = starting.then(
    (services) => services.stop,
    () => async () => {},
  )
  running.push({ stop: async () => (await stopServices)() })
  for (const [name, start] of Object.entries(pages(options, endpoints, connection, aws))) {
    running.push(await start())
    onReady?.(name)
  }
  const services = await starting
  return { endpoints, ended: services.exited, stop }
}

/** What serves pages, by name. */
function pages(
  { ports, onLine }: StackOptions,
  endpoints: Endpoints,
  connection: KafkaConnection,
  aws: LocalAws | undefined,
): Record<string, () => Promise<{ stop(): Promise<void> }>> {
  const uploadApi = (app: keyof typeof APPS) => ({ url: endpoints.uploadApi, apiKey: APPS[app].apiKey })
  return {
    'web-app-1': () => startWebApp1({ port: ports.webApp1, uploadApi: uploadApi('web-app-1') }),
    'web-app-2': () =>
      startWebApp2({
        port: ports.webApp2,
        kafka: { ...connection, topic: IMAGE_TOPIC },
        claims: storeOf(endpoints.bucket, aws),
        uploadApi: uploadApi('web-app-2'),
        onLine: (line) => onLine?.('web-app-2', line),
      }),
    dashboard: () =>
      startDashboard({
        port: ports.dashboard,
        store: storeOf(endpoints.bucket, aws),
        uploadPages: [
          { name: 'Web App #1', url: endpoints.webApp1 },
          { name: 'Web App #2', url: endpoints.webApp2 },
        ],
      }),
  }
}

async function startAws({ ports, dataDir, onReady }: StackOptions): Promise<LocalAws | undefined> {
  const external = process.env.AWS_ENDPOINT_URL
  const aws = external
    ? undefined
    : await startLocalAws({ port: ports.aws, ...(dataDir && { dataDir: join(dataDir, 'aws') }) })
  onReady?.(external ? `S3 and SQS at ${external}` : 'S3 and SQS')
  return aws
}

/** The embedded broker, or else the cluster that the KAFKA_… variables name, once it has the topic. */
async function startKafka({
  ports,
  dataDir,
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
    ...(dataDir && { dataDir: join(dataDir, 'kafka') }),
  })
  onReady?.('Kafka')
  return { kafka, connection: { bootstrapBrokers: [kafka.brokers] } }
}

function startAll(
  { ports, services = SERVICES, environment, inspect, signal, onReady, onLine }: StackOptions,
  endpoints: Endpoints,
  aws: LocalAws | undefined,
): Promise<RunningServices> {
  signal?.throwIfAborted()
  return startServices({
    services,
    environment: {
      ...(aws && awsEnvironment(aws.endpoint)),
      ...serviceEnvironment(endpoints),
      ...environment,
    },
    httpPort: ports.uploadApi,
    inspect,
    signal,
    ...(onReady && { onReady }),
    onLine: (service, line) => onLine?.(service, line),
  })
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
