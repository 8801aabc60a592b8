import { SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { awsEnvironment, localCredentials, startLocalAws } from '@darkroom/local-aws'
import { startLocalKafka } from '@darkroom/local-kafka'
import {
  APPS,
  createDevelopmentKeys,
  freePort,
  IMAGE_TOPIC,
  startServices,
  TOPICS,
} from '@darkroom/local-stack'
import { countMessages, countOnTheWay } from '../../tools/cli/src/audit/queues.ts'
import { none, type Requests, startRequestCounter } from './count-requests.ts'

const SERVICES = ['upload-api', 'kafka-bridge', 'image-processor'] as const
export type Service = (typeof SERVICES)[number]

const BUCKET = 'darkroom-local'
/** With it a client waits about 1.5 s for a processed image. */
const DELAY_SECONDS = '1'

/** What one service did: its requests, its log lines, and the bytes of those. */
export interface Usage {
  requests: Requests
  lines: Record<string, unknown>[]
  logBytes: number
}

/** Each service in a process of its own, with a counter between it and S3 and SQS. */
export async function startCountedStack() {
  const aws = await startLocalAws()
  const kafka = await startLocalKafka({ topics: Object.fromEntries(TOPICS.map((topic) => [topic, 1])) })
  const httpPort = await freePort()
  const counters = await Promise.all(SERVICES.map(() => startRequestCounter(aws.endpoint)))
  const lines = SERVICES.map((): string[] => [])
  const queueUrl = (endpoint: string) => `${endpoint}/000000000000/darkroom-local-images`
  const services = await Promise.all(
    SERVICES.map((name, n) => {
      const endpoint = counters[n]?.endpoint ?? ''
      return startServices({
        services: [name],
        ...(name === 'upload-api' && { httpPort }),
        environment: {
          ...awsEnvironment(endpoint),
          BUCKET,
          QUEUE_URL: queueUrl(endpoint),
          PARKED_QUEUE_URL: `${queueUrl(endpoint)}-parked`,
          KAFKA_BROKERS: kafka.brokers,
          KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT',
          WATCH_DELAY_SECONDS: '2',
        },
        onLine: (_, line) => void lines[n]?.push(line),
      })
    }),
  )
  const client = { endpoint: aws.endpoint, region: 'us-east-1', credentials: localCredentials }
  await createDevelopmentKeys(BUCKET, client)
  const sqs = new SQSClient(client)
  const queues = { sqs, queueUrl: queueUrl(aws.endpoint) }
  const Attributes = { DelaySeconds: DELAY_SECONDS }
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queues.queueUrl, Attributes }))

  return {
    uploadApi: `http://127.0.0.1:${httpPort}`,
    authorization: `Bearer ${APPS['web-app-2'].apiKey}`,
    brokers: kafka.brokers,
    topic: IMAGE_TOPIC,

    /** Waits until no message is left, and returns what each service did since the last call. */
    async take(): Promise<Record<Service, Usage>> {
      // The watch queue has each image's event until it was looked at.
      const waiting = async () =>
        (await countOnTheWay(queues)) +
        ((await countMessages(queues, 'images-watch')) ?? 0) +
        ((await countMessages(queues, 'outcomes')) ?? 0)
      while ((await waiting()) > 0) await new Promise((resolve) => setTimeout(resolve, 100))
      const usages = SERVICES.map((name, n) => [name, usageOf(counters[n]?.take(), lines[n]?.splice(0))])
      return Object.fromEntries(usages) as Record<Service, Usage>
    },

    async stop(): Promise<void> {
      await Promise.all(services.map((service) => service.stop()))
      await Promise.all(counters.map((counter) => counter.stop()))
      await kafka.stop()
      sqs.destroy()
      await aws.stop()
    },
  }
}

export type CountedStack = Awaited<ReturnType<typeof startCountedStack>>

function usageOf(requests = none(), lines: string[] = []): Usage {
  const entries = lines.filter((line) => line.startsWith('{'))
  return {
    requests,
    lines: entries.map((line) => JSON.parse(line) as Record<string, unknown>),
    logBytes: entries.reduce((sum, line) => sum + Buffer.byteLength(line), 0),
  }
}
