import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { freePorts, type Stack, startServices, startStack } from '@darkroom/local-stack'
import { bridgeLog, type RecordLine } from './bridge-log.ts'
import type { BrokerUnderTest, RunningBroker } from './brokers-under-test.ts'
import { type Bucket, openBucket } from './bucket.ts'
import { type ImageQueue, openImageQueue } from './image-queue.ts'

/** All of Darkroom on a broker. Each part can be stopped and started. */
export interface Darkroom {
  broker: RunningBroker
  bucket: Bucket
  queue: ImageQueue
  /** The addresses of the upload API and Web App #2. They change with `restart`. */
  readonly endpoints: Stack['endpoints']
  /** All log lines of the bridges about records. */
  bridged: RecordLine[]
  /** Stops the services, runs `meanwhile`, and starts them again. */
  restart(meanwhile: () => Promise<void>): Promise<void>
  /** Starts another bridge in the same consumer group. */
  joinBridge(): Promise<SecondBridge>
  /** Stops S3 and SQS. */
  suspendAws(): Promise<void>
  resumeAws(): Promise<void>
  stop(): Promise<void>
}

interface SecondBridge {
  /** How many images this bridge has accepted. */
  accepted(): number
  stop(): Promise<void>
}

/** S3, SQS and Kafka are started separately from the stack, so that each can be stopped independently. */
export async function startDarkroom(kind: BrokerUnderTest): Promise<Darkroom> {
  const dataDir = await mkdtemp(join(tmpdir(), 'darkroom-'))
  let aws: LocalAws = await startLocalAws({ dataDir })
  const { endpoint, port } = aws
  const broker = await kind.start()
  const before = { ...process.env }
  Object.assign(process.env, awsEnvironment(endpoint), { KAFKA_BROKERS: broker.brokers })
  const log = bridgeLog()
  const start = async () =>
    startStack({
      ports: await freePorts(),
      services: ['upload-api', 'kafka-bridge', 'image-processor'],
      onLine: log.read,
    })
  let stack = await start()
  return {
    broker,
    bucket: openBucket(endpoint, stack.endpoints.bucket),
    queue: openImageQueue(endpoint, stack.endpoints.queueUrl),
    get endpoints() {
      return stack.endpoints
    },
    bridged: log.lines,
    restart: async (meanwhile) => {
      await stack.stop()
      await meanwhile()
      stack = await start()
    },
    joinBridge: () => joinBridge(stack, log.read),
    suspendAws: () => aws.stop(),
    resumeAws: async () => {
      aws = await startLocalAws({ port, dataDir })
    },
    stop: async () => {
      await stack.stop()
      await broker.stop()
      await aws.stop()
      process.env = before
      await rm(dataDir, { recursive: true })
    },
  }
}

async function joinBridge(
  { endpoints }: Stack,
  readLine: (part: string, line: string) => void,
): Promise<SecondBridge> {
  const own = bridgeLog()
  const service = await startServices({
    services: ['kafka-bridge'],
    environment: { BUCKET: endpoints.bucket, QUEUE_URL: endpoints.queueUrl },
    onLine: (name, line) => {
      readLine(name, line)
      own.read(name, line)
    },
  })
  return {
    accepted: () => own.lines.filter(({ message }) => message === 'record accepted').length,
    stop: () => service.stop(),
  }
}
