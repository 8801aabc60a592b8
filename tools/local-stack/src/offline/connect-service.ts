import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { awsEnvironment, localCredentials, startLocalAws } from '@darkroom/local-aws'
import { startLocalKafka } from '@darkroom/local-kafka'
import { APPS, TOPICS } from '../apps.ts'
import { createDevelopmentKeys } from '../development-keys.ts'
import { type Endpoints, readEndpoints } from '../endpoints.ts'
import { endpointsFor } from '../endpoints-for.ts'
import { freePorts } from '../ports.ts'

const REGION = 'us-east-1'
const PARTITIONS = 2
/** Seconds, as in the image processor's template. */
const VisibilityTimeout = '360'
/** A stack that runs answers in milliseconds; the file of one that was killed is ignored. */
const PROBE_TIMEOUT_MS = 1_000

/** The parts of a service in the framework that this uses. */
export interface Service {
  provider: { environment?: Record<string, string> }
  functions: Record<string, { events?: Record<string, unknown>[] }>
}

export interface Connection {
  /** What was done, for the log. */
  message: string
  /** Stops what was started. */
  stop(): Promise<void>
}

/** Points a service to the stores of the running stack, or to new ones. Variables that are set win. */
export async function connectService(service: Service): Promise<Connection> {
  const external = process.env.AWS_ENDPOINT_URL
  if (external)
    return { message: `AWS_ENDPOINT_URL is set: S3 and SQS at ${external}.`, stop: async () => {} }
  const running = await runningStack()
  const { endpoints, stop } = running ?? (await startStores(usesKafka(service)))
  use(endpoints, service)
  const { aws, kafkaBrokers } = endpoints
  const parts = `S3 and SQS at ${aws}${kafkaBrokers && `, Kafka at ${kafkaBrokers}`}`
  const how = running ? 'Joined the local stack' : 'No local stack is running. Started in memory'
  return { message: `${how}: ${parts}.`, stop }
}

interface Stores {
  endpoints: Endpoints
  stop(): Promise<void>
}

async function runningStack(): Promise<Stores | undefined> {
  try {
    const endpoints = await readEndpoints()
    await fetch(endpoints.aws, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    return { endpoints, stop: async () => {} }
  } catch {
    return undefined
  }
}

function usesKafka({ functions }: Service): boolean {
  return Object.values(functions).some(({ events = [] }) =>
    events.some((event) => 'kafka' in event || 'msk' in event),
  )
}

async function startStores(withKafka: boolean): Promise<Stores> {
  const aws = await startLocalAws()
  const kafka = withKafka
    ? await startLocalKafka({
        topics: Object.fromEntries(TOPICS.map((topic) => [topic, PARTITIONS])),
        timestampType: 'LogAppendTime',
      })
    : undefined
  const endpoints = endpointsFor(await freePorts(), aws.endpoint, kafka?.brokers ?? '')
  await createStores(endpoints)
  const stop = async () => {
    await kafka?.stop()
    await aws.stop()
  }
  return { endpoints, stop }
}

/** The image processor owns these and creates them by its template; the other services only use them. */
async function createStores({ aws, bucket, queueUrl }: Endpoints): Promise<void> {
  const client = { endpoint: aws, region: REGION, credentials: localCredentials }
  const s3 = new S3Client({ ...client, forcePathStyle: true })
  const sqs = new SQSClient(client)
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  await createDevelopmentKeys(bucket, { ...client, forcePathStyle: true })
  for (const end of ['', '-parked', '-watch']) {
    const name = `${queueUrl.split('/').at(-1)}${end}`
    await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout } }))
  }
  s3.destroy()
  sqs.destroy()
}

/** Functions take the AWS_… variables of this process, and the rest from serverless.yml. */
function use(endpoints: Endpoints, { provider }: Service): void {
  Object.assign(process.env, awsEnvironment(endpoints.aws), {
    ...(endpoints.kafkaBrokers && { KAFKA_BROKERS: endpoints.kafkaBrokers }),
    DOCS_API_KEY: APPS['web-app-1'].apiKey,
  })
  const settings: Record<string, string> = {
    BUCKET: endpoints.bucket,
    QUEUE_URL: endpoints.queueUrl,
    PARKED_QUEUE_URL: endpoints.parkedQueueUrl,
  }
  for (const [name, value] of Object.entries(settings)) {
    if (provider.environment?.[name] !== undefined && !process.env[name]) provider.environment[name] = value
  }
}
