import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { apiKeyHashes } from './apps.ts'
import { type Endpoints, endpointsFor } from './endpoints.ts'
import type { Ports } from './ports.ts'
import { type RunningService, startService } from './start-service.ts'

/** In the order of the data's way. */
const SERVICES = ['upload-api', 'kafka-bridge', 'image-processor', 'analytics-catalog']

export interface StackOptions {
  ports: Ports
  /** Where state survives a restart; without it all is in memory. */
  dataDir?: string
  /** More environment for the services, e.g. `IMAGE_ENGINE`. */
  environment?: Record<string, string>
  /** Told of each part as it becomes ready. */
  onReady?: (part: string) => void
  /** Told of each line that a service writes. */
  onLine?: (service: string, line: string) => void
}

export interface Stack {
  endpoints: Endpoints
  /** The name of the first service that ends, for whatever reason. */
  firstToEnd: Promise<string>
  stop(): Promise<void>
}

/**
 * Starts the whole system on this machine: S3 and SQS (unless `AWS_ENDPOINT_URL` names others), then all four
 * services side by side, each under `serverless offline`.
 *
 * @throws Error if a part does not start; what had started is stopped by then
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { ports, dataDir, onReady = () => {} } = options
  const external = process.env.AWS_ENDPOINT_URL
  const aws = external ? undefined : await startLocalAws({ port: ports.aws, ...(dataDir && { dataDir }) })
  const endpoints = endpointsFor(ports, external ?? aws?.endpoint)
  onReady(external ? `S3 and SQS at ${external}` : 'S3 and SQS')
  const services = await startServices(options, endpoints, aws)
  return {
    endpoints,
    firstToEnd: Promise.race(services.map(({ name, service }) => service.exited.then(() => name))),
    stop: async () => {
      await Promise.all(services.map(({ service }) => service.stop()))
      await aws?.stop()
    },
  }
}

interface NamedService {
  name: string
  service: RunningService
}

async function startServices(
  { ports, environment, onReady, onLine }: StackOptions,
  endpoints: Endpoints,
  aws: LocalAws | undefined,
): Promise<NamedService[]> {
  const shared = {
    ...(aws && awsEnvironment(aws.endpoint)),
    ...serviceEnvironment(endpoints),
    ...environment,
  }
  const starting = SERVICES.map(async (name): Promise<NamedService> => {
    const service = await startService({
      name,
      environment: shared,
      ...(name === 'upload-api' && { httpPort: ports.uploadApi }),
      onLine: (line) => onLine?.(name, line),
    })
    onReady?.(name)
    return { name, service }
  })
  const outcomes = await Promise.allSettled(starting)
  const started = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value)
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (!failure) return started
  await Promise.all(started.map(({ service }) => service.stop()))
  await aws?.stop()
  throw failure.reason
}

function serviceEnvironment(endpoints: Endpoints): Record<string, string> {
  return {
    BUCKET: endpoints.bucket,
    QUEUE_URL: endpoints.queueUrl,
    PARKED_QUEUE_URL: endpoints.parkedQueueUrl,
    API_KEY_HASHES: apiKeyHashes(),
  }
}
