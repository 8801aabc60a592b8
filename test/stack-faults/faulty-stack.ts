import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { SQSClient } from '@aws-sdk/client-sqs'
import { awsEnvironment, localCredentials, startLocalAws } from '@darkroom/local-aws'
import { startLocalKafka } from '@darkroom/local-kafka'
import {
  APPS,
  createDevelopmentKeys,
  freePort,
  IMAGE_TOPIC,
  type RunningServices,
  startServices,
  TOPICS,
} from '@darkroom/local-stack'
import { countOnTheWay } from '../../tools/cli/src/audit/queues.ts'
import type { Chance } from '../simulation/chance.ts'
import { startFaultProxy } from './fault-proxy.ts'

const NAMES = ['upload-api', 'kafka-bridge', 'image-processor'] as const
export type Name = (typeof NAMES)[number]

export type FaultyStack = Awaited<ReturnType<typeof startFaultyStack>>

const BUCKET = 'darkroom-local'

/** The variables of a program whose S3 and SQS are at an endpoint. */
function storesAt(endpoint: string) {
  const queueUrl = `${endpoint}/000000000000/darkroom-local-images`
  return {
    ...awsEnvironment(endpoint),
    BUCKET,
    QUEUE_URL: queueUrl,
    PARKED_QUEUE_URL: `${queueUrl}-parked`,
  }
}

/** The three services over local S3, SQS and Kafka, with a proxy in front of S3 and SQS. */
export async function startFaultyStack(chance: Chance, onLine: (name: string, line: string) => void) {
  const aws = await startLocalAws()
  const proxy = await startFaultProxy(aws.endpoint, chance)
  const kafka = await startLocalKafka({
    topics: Object.fromEntries(TOPICS.map((topic) => [topic, 2])),
    timestampType: 'LogAppendTime',
  })
  const httpPort = await freePort()
  const direct = storesAt(aws.endpoint)
  const environment = {
    ...storesAt(proxy.endpoint),
    KAFKA_BROKERS: kafka.brokers,
    KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT',
    // So that the run need not wait minutes for the repairs.
    WATCH_DELAY_SECONDS: '5',
  }
  const start = (name: Name) =>
    startServices({
      services: [name],
      environment,
      ...(name === 'upload-api' && { httpPort }),
      onLine,
    })
  const services = new Map<Name, RunningServices>()
  await Promise.all(NAMES.map(async (name) => services.set(name, await start(name))))
  const client = { endpoint: aws.endpoint, region: 'us-east-1', credentials: localCredentials }
  await createDevelopmentKeys(BUCKET, client)
  const sqs = new SQSClient(client)

  return {
    proxy,
    uploadApi: `http://127.0.0.1:${httpPort}`,
    apiKey: APPS['web-app-1'].apiKey,
    kafka,
    topic: IMAGE_TOPIC,
    bucket: BUCKET,
    /** The environment of programs that use S3 and SQS without the proxy. */
    direct,
    s3Endpoint: aws.endpoint,

    /** Ends a service's process without a word and starts it again. */
    async killService(name: Name): Promise<void> {
      const service = services.get(name)
      for (const pid of await descendantsOf(service?.pid ?? 0)) kill(pid)
      kill(service?.pid)
      await service?.exited
      services.set(name, await start(name))
    },

    /** Messages that wait, are being processed, or will be visible later. */
    countMessages: () => countOnTheWay({ sqs, queueUrl: direct.QUEUE_URL }),

    /** Waits until an image is developed by an engine's process. @returns how many were killed */
    async killEngines(): Promise<number> {
      for (;;) {
        const engines = await descendantsOf(services.get('image-processor')?.pid ?? 0, 'engine-process')
        engines.forEach(kill)
        if (engines.length > 0) return engines.length
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    },

    async stop(): Promise<void> {
      await Promise.all([...services.values()].map((service) => service.stop()))
      await kafka.stop()
      await proxy.stop()
      sqs.destroy()
      await aws.stop()
    },
  }
}

function kill(pid: number | undefined): void {
  try {
    if (pid) process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** The processes below a process whose command contains `word`. */
async function descendantsOf(root: number, word = ''): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,command='])
  const rows = stdout.split('\n').map((line) => /^ *(\d+) +(\d+) +(.*)$/.exec(line) ?? [])
  const found: number[] = []
  const visit = (parent: number) => {
    for (const [, pid, ppid, command = ''] of rows) {
      if (Number(ppid) !== parent) continue
      if (command.includes(word)) found.push(Number(pid))
      visit(Number(pid))
    }
  }
  visit(root)
  return found
}
