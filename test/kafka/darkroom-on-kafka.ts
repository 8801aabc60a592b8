import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { freePorts, type Stack, startService, startStack } from '@darkroom/local-stack'
import { bridgeLog, type RecordLine } from './bridge-log.ts'
import type { BrokerUnderTest, RunningBroker } from './brokers-under-test.ts'
import { type Bucket, openBucket } from './bucket.ts'
import { type ImageQueue, openImageQueue } from './image-queue.ts'

/** All of Darkroom on a broker, each part of which can go and come back by itself. */
export interface Darkroom {
  broker: RunningBroker
  bucket: Bucket
  queue: ImageQueue
  /** Where the upload API and Web App #2 are; new after `restart`. */
  readonly endpoints: Stack['endpoints']
  /** What bridges have said of records, since the beginning. */
  bridged: RecordLine[]
  /** Stops the services, does what may only be done without them, and starts them again. */
  restart(meanwhile: () => Promise<void>): Promise<void>
  /** Another bridge of the same consumer group, until its `stop`. */
  joinBridge(): Promise<SecondBridge>
  /** S3 and SQS. */
  suspendAws(): Promise<void>
  resumeAws(): Promise<void>
  stop(): Promise<void>
}

interface SecondBridge {
  /** How many images it has accepted by itself. */
  accepted(): number
  stop(): Promise<void>
}

/** S3, SQS and Kafka are ours rather than the stack's, so that they outlast it and can be stopped under it. */
export async function startDarkroom(kind: BrokerUnderTest): Promise<Darkroom> {
  const dataDir = await mkdtemp(join(tmpdir(), 'darkroom-'))
  let aws: LocalAws = await startLocalAws({ dataDir })
  const { endpoint, port } = aws
  const broker = await kind.start()
  const before = { ...process.env }
  Object.assign(process.env, awsEnvironment(endpoint), { KAFKA_BROKERS: broker.brokers })
  const log = bridgeLog()
  const start = async () => startStack({ ports: await freePorts(), onLine: log.take })
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
    joinBridge: () => joinBridge(stack, log.take),
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
  take: (part: string, line: string) => void,
): Promise<SecondBridge> {
  const own = bridgeLog()
  const service = await startService({
    name: 'kafka-bridge',
    environment: { BUCKET: endpoints.bucket, QUEUE_URL: endpoints.queueUrl },
    onLine: (line) => {
      take('kafka-bridge', line)
      own.take('kafka-bridge', line)
    },
  })
  return {
    accepted: () => own.lines.filter(({ message }) => message === 'record accepted').length,
    stop: () => service.stop(),
  }
}
