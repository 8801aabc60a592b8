import { randomUUID } from 'node:crypto'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import type { SourceContext } from '../event-source.ts'
import { retry, watchOutage } from '../retry.ts'
import { createSqsClient, findQueue } from '../sqs/queue.ts'
import type { FetchedRecord } from './assigned-partition.ts'
import { toEvent } from './event.ts'
import type { KafkaMapping } from './mapping.ts'

export interface Discard {
  records: FetchedRecord[]
  condition: 'RetryAttemptsExhausted' | 'MaximumPayloadSizeExceeded' | 'RecordAgeExceeded'
  /** How often the function was invoked with these records. */
  invocations: number
}

/** Where discarded batches are reported. */
export interface OnFailureDestination {
  /** Retries until the destination accepts the report, because the records are dropped afterwards. */
  report(discard: Discard): Promise<void>
  close(): void
}

/**
 * Opens the queue or bucket. A queue receives the offsets of discarded records, which stay in Kafka; a bucket also the whole
 * event, as Lambda writes it.
 *
 * @param signal ends the retries
 */
export async function openDestination(
  mapping: KafkaMapping,
  context: SourceContext,
  brokers: string[],
  signal: AbortSignal,
): Promise<OnFailureDestination | undefined> {
  const { onFailure } = mapping
  if (onFailure === undefined) return undefined
  const describeDiscard = (discard: Discard) => toInvocationRecord(discard, mapping, context, brokers)
  const { send, close, name } =
    'queue' in onFailure
      ? await openQueue(onFailure.queue, context, signal)
      : openBucket(onFailure.bucket, context, (records) => toEvent(records, mapping, brokers))
  const outage = watchOutage(name, context.log)
  return {
    close,
    report: async (discard) => {
      await retry(() => send(describeDiscard(discard), discard.records), {
        outage,
        signal,
        isRetryable: () => true,
      })
    },
  }
}

interface Destination {
  name: string
  send(invocation: object, records: FetchedRecord[]): Promise<unknown>
  close(): void
}

async function openQueue(
  queue: string,
  { region, log }: SourceContext,
  signal: AbortSignal,
): Promise<Destination> {
  const client = createSqsClient(region)
  const name = `SQS queue ${queue}`
  const { url: QueueUrl } = await retry(() => findQueue(client, queue), {
    outage: watchOutage(name, log),
    signal,
  })
  return {
    name,
    send: (invocation) =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(invocation) })),
    close: () => client.destroy(),
  }
}

function openBucket(
  bucket: string,
  { region, functionName }: SourceContext,
  eventOf: (records: FetchedRecord[]) => object,
): Destination {
  const client = new S3Client({ region })
  return {
    name: `S3 bucket ${bucket}`,
    send: (invocation, records) =>
      client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: objectKey(functionName),
          Body: JSON.stringify({ ...invocation, payload: JSON.stringify(eventOf(records)) }),
        }),
      ),
    close: () => client.destroy(),
  }
}

/** aws/lambda/{mapping}/2026/11/28/2026-11-28T13.45.00-{random UUID}; Lambda's mapping has a UUID of its own. */
function objectKey(functionName: string): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '.')
  return `aws/lambda/${functionName}/${time.slice(0, 10).replaceAll('-', '/')}/${time}-${randomUUID()}`
}

/** https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html */
function toInvocationRecord(
  { records, condition, invocations }: Discard,
  { eventSourceArn }: KafkaMapping,
  { region, functionName }: SourceContext,
  brokers: string[],
) {
  const functionArn = `arn:aws:lambda:${region}:000000000000:function:${functionName}`
  return {
    requestContext: { requestId: randomUUID(), functionArn, condition, approximateInvokeCount: invocations },
    responseContext:
      invocations === 0 ? null : { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: new Date().toISOString(),
    KafkaBatchInfo: {
      batchSize: records.length,
      ...(eventSourceArn !== undefined && { eventSourceArn }),
      bootstrapServers: brokers.join(','),
      payloadSize: records.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0),
      recordsInfo: Object.fromEntries(
        Object.entries(Object.groupBy(records, ({ partition }) => partition.key)).map(([key, group = []]) => [
          key,
          describe(group),
        ]),
      ),
    },
  }
}

function describe(records: FetchedRecord[]) {
  const [first, last] = [records[0], records.at(-1)]
  return {
    firstRecordOffset: String(first?.offset),
    lastRecordOffset: String(last?.offset),
    firstRecordTimestamp: toIso(first?.timestamp),
    lastRecordTimestamp: toIso(last?.timestamp),
  }
}

/** A producer may set any timestamp, so it may be invalid. */
function toIso(timestamp = 0): string | null {
  const date = new Date(timestamp)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
