import { join } from 'node:path'
import { readAllowedHosts } from '@darkroom/core'
import { type KafkaConnection, readKafkaConnection } from '@darkroom/kafka-connection'
import { awsEnvironment } from '@darkroom/local-aws/environment'
import { APPS, IMAGE_TOPIC, TOPICS } from './apps.ts'
import { collectAuditTrail } from './collect-audit-trail.ts'
import type { Endpoints, STATE_FOLDERS } from './endpoints.ts'
import { endpointsFor } from './endpoints-for.ts'
import type { Ports } from './ports.ts'
import type { DashboardOptions } from './start-dashboard.ts'
import { type RunningServices, SERVICES, type ServiceName, startServices } from './start-services.ts'

/** Partitions of each topic, and so the number of concurrent batches. */
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

interface Part {
  stop(): Promise<void>
}

/**
 * Starts the whole system on this machine: S3 and SQS (unless `AWS_ENDPOINT_URL` is set), a Kafka broker (unless
 * `KAFKA_BROKERS` is set), the services with `serverless offline`, both web applications and the dashboard.
 *
 * @throws Error if a part does not start. All started parts are stopped first.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const running: Part[] = []
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

/**
 * Parts are imported when their turn comes: the services' process starts first, loads beside this one, and each part is
 * reported as soon as it is there.
 */
async function startParts(options: StackOptions, running: Part[], stop: Stack['stop']): Promise<Stack> {
  const { ports, onReady } = options
  const externalAws = process.env.AWS_ENDPOINT_URL
  const connection = process.env.KAFKA_BROKERS
    ? readKafkaConnection(process.env)
    : { bootstrapBrokers: [`127.0.0.1:${ports.kafka}`] }
  const endpoints = endpointsFor(ports, externalAws, connection.bootstrapBrokers.join(','))
  const environment = { ...kafkaEnvironment(connection), ...options.environment }
  const stores = Promise.withResolvers<void>()
  const store = storeOf(endpoints.bucket, externalAws ? undefined : endpoints.aws)
  const trail = collectAuditTrail(store.bucket, store.s3)
  const onLine: StackOptions['onLine'] = (part, line) => trail.add(line) || options.onLine?.(part, line)
  const starting = startAll({ ...options, environment, onLine }, endpoints, async () => {
    await startAws(options, running)
    await startKafka(options, connection, running)
    stores.resolve()
  })
  const stopServices = starting.then(
    (services) => services.stop,
    () => async () => {},
  )
  await Promise.race([stores.promise, starting])
  running.push(trail)
  running.push({ stop: async () => (await stopServices)() })
  for (const [name, start] of Object.entries(pages(options, endpoints, connection, store, starting))) {
    options.signal?.throwIfAborted()
    running.push(await start())
    options.signal?.throwIfAborted()
    onReady?.(name)
  }
  const services = await starting
  const { createDevelopmentKeys } = await import('./development-keys.ts')
  await createDevelopmentKeys(store.bucket, store.s3)
  return { endpoints, ended: services.exited, stop }
}

/** Names by which other programs or machines reach the stack, such as a container's host. */
const allowedHosts = () => readAllowedHosts(process.env.ALLOWED_HOSTS)

/** What serves pages, by name. */
function pages(
  { ports, onLine }: StackOptions,
  endpoints: Endpoints,
  connection: KafkaConnection,
  store: DashboardOptions['store'],
  services: Promise<unknown>,
): Record<string, () => Promise<Part>> {
  const uploadApi = (app: keyof typeof APPS) => ({ url: endpoints.uploadApi, apiKey: APPS[app].apiKey })
  return {
    'web-app-1': async () => {
      const { startWebApp1 } = await import('@darkroom/web-app-1')
      return startWebApp1({
        port: ports.webApp1,
        allowedHosts: allowedHosts(),
        uploadApi: uploadApi('web-app-1'),
      })
    },
    'web-app-2': async () => {
      const { startWebApp2 } = await import('@darkroom/web-app-2')
      return startWebApp2({
        port: ports.webApp2,
        allowedHosts: allowedHosts(),
        kafka: { ...connection, topic: IMAGE_TOPIC },
        claims: store,
        uploadApi: uploadApi('web-app-2'),
        onLine: (line) => onLine?.('web-app-2', line),
      })
    },
    dashboard: async () => {
      const { startDashboard } = await import('./start-dashboard.ts')
      return startDashboard({
        port: ports.dashboard,
        allowedHosts: allowedHosts(),
        store,
        readAfter: services,
        uploadPages: [
          { name: 'Web App #1', url: endpoints.webApp1 },
          { name: 'Web App #2', url: endpoints.webApp2 },
        ],
      })
    },
  }
}

async function startAws({ ports, dataDir, onReady }: StackOptions, running: Part[]): Promise<void> {
  const external = process.env.AWS_ENDPOINT_URL
  if (!external) {
    const { startLocalAws } = await import('@darkroom/local-aws')
    const options = { port: ports.aws, allowedHosts: allowedHosts() }
    running.push(await withState(dataDir, 'aws', (state) => startLocalAws({ ...options, ...state })))
  }
  onReady?.(external ? `S3 and SQS at ${external}` : 'S3 and SQS')
}

/** The embedded broker, or else the cluster that the KAFKA_… variables name, once it has the topic. */
async function startKafka(
  { ports, dataDir, onReady }: StackOptions,
  connection: KafkaConnection,
  running: Part[],
): Promise<void> {
  if (process.env.KAFKA_BROKERS) {
    const { requireTopic } = await import('./require-topic.ts')
    for (const topic of TOPICS) await requireTopic(connection, topic, PARTITIONS)
    onReady?.(`Kafka at ${connection.bootstrapBrokers.join(',')}`)
    return
  }
  const { startLocalKafka } = await import('@darkroom/local-kafka')
  const options = {
    port: ports.kafka,
    topics: Object.fromEntries(TOPICS.map((topic) => [topic, PARTITIONS])),
    timestampType: 'LogAppendTime' as const,
  }
  running.push(await withState(dataDir, 'kafka', (state) => startLocalKafka({ ...options, ...state })))
  onReady?.('Kafka')
}

/** @throws Error that names the folder of the state if it is damaged or cannot be read or written */
async function withState(
  dataDir: string | undefined,
  name: (typeof STATE_FOLDERS)[number],
  start: (state: { dataDir?: string }) => Promise<Part>,
): Promise<Part> {
  if (dataDir === undefined) return start({})
  const folder = join(dataDir, name)
  try {
    return await start({ dataDir: folder })
  } catch (error) {
    const { message, cause } = error as Error
    // It says so itself.
    if ((cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE') throw error
    throw new Error(
      `What is stored in ${folder} cannot be used (${message}). Set LOCAL_DIR to another folder, or delete everything in it: pnpm dev --clean`,
      { cause: error },
    )
  }
}

function startAll(
  { ports, services = SERVICES, environment, inspect, signal, onReady, onLine }: StackOptions,
  endpoints: Endpoints,
  startStores: () => Promise<void>,
): Promise<RunningServices> {
  return startServices({
    services,
    startStores,
    environment: {
      ...(!process.env.AWS_ENDPOINT_URL && awsEnvironment(endpoints.aws)),
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
    DOCS_API_KEY: APPS['web-app-1'].apiKey,
    KAFKA_BROKERS: endpoints.kafkaBrokers,
  }
}

/** The SDK's own settings are used only if S3 is external. */
function storeOf(bucket: string, endpoint: string | undefined): DashboardOptions['store'] {
  const region = process.env.AWS_REGION || 'us-east-1'
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  return { bucket, s3: endpoint ? { endpoint, region, credentials } : { region } }
}

/** Passes the CA as text, because services run in other folders, where a relative path would not resolve. */
function kafkaEnvironment({ tls, sasl }: KafkaConnection): Record<string, string> {
  if (!(tls || sasl)) return { KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' }
  return tls?.ca ? { KAFKA_SSL_CA: tls.ca } : {}
}
