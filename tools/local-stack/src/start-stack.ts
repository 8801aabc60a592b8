import { join } from 'node:path'
import { readAllowedHosts } from '@darkroom/core'
import { type KafkaConnection, readKafkaConnection } from '@darkroom/kafka-connection'
import { awsEnvironment } from '@darkroom/local-aws/environment'
import { APPS, TOPICS } from './apps.ts'
import { collectAuditTrail } from './collect-audit-trail.ts'
import type { Endpoints, STATE_FOLDERS } from './endpoints.ts'
import { endpointsFor } from './endpoints-for.ts'
import type { PageContext } from './pages/page-server.ts'
import type { Ports } from './ports.ts'
import type { Reloadable } from './reload/reload-on-change.ts'
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
  /** The pages and their servers. */
  pages: Reloadable
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
  const kafka = process.env.KAFKA_BROKERS ? process.env : { KAFKA_BROKERS: `127.0.0.1:${ports.kafka}` }
  const connection = readKafkaConnection(kafka)
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
  options.signal?.throwIfAborted()
  const { servePages } = await import('./pages/serve-pages.ts')
  const context: PageContext = {
    ports,
    endpoints,
    allowedHosts: allowedHosts(),
    kafka,
    store,
    services: starting,
    onLine,
  }
  const pages = await servePages(context, (name) => {
    options.signal?.throwIfAborted()
    onReady?.(name)
  })
  running.push(pages)
  const services = await starting
  const { createDevelopmentKeys } = await import('./development-keys.ts')
  await createDevelopmentKeys(store.bucket, store.s3)
  return { endpoints, pages, ended: services.exited, stop }
}

/** Names by which other programs or machines reach the stack, such as a container's host. */
const allowedHosts = () => readAllowedHosts(process.env.ALLOWED_HOSTS)

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
function storeOf(bucket: string, endpoint: string | undefined): PageContext['store'] {
  const region = process.env.AWS_REGION || 'us-east-1'
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  return { bucket, s3: endpoint ? { endpoint, region, credentials } : { region } }
}

/** Passes the CA as text, because services run in other folders, where a relative path would not resolve. */
function kafkaEnvironment({ tls, sasl }: KafkaConnection): Record<string, string> {
  if (!(tls || sasl)) return { KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' }
  return tls?.ca ? { KAFKA_SSL_CA: tls.ca } : {}
}
