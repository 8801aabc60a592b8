import { randomUUID } from 'node:crypto'
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { Queue } from '../sqs/queue.ts'
import type { FetchedRecord } from './assigned-partition.ts'
import type { KafkaMapping } from './mapping.ts'

export interface Discard {
  records: FetchedRecord[]
  condition: 'RetryAttemptsExhausted' | 'MaximumPayloadSizeExceeded' | 'RecordAgeExceeded'
  /** How often the function was invoked with these records. */
  invocations: number
}

type Sender = { functionArn: string; bootstrapServers: string }

/** Reports the offsets of discarded records. The records themselves stay in Kafka. */
export async function reportDiscard(
  client: SQSClient,
  queue: Queue,
  discard: Discard,
  mapping: KafkaMapping,
  sender: Sender,
): Promise<void> {
  await client.send(
    new SendMessageCommand({
      QueueUrl: queue.url,
      MessageBody: JSON.stringify(toInvocationRecord(discard, mapping, sender)),
    }),
  )
}

/** https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html */
function toInvocationRecord(
  { records, condition, invocations }: Discard,
  { eventSourceArn }: KafkaMapping,
  { functionArn, bootstrapServers }: Sender,
) {
  return {
    requestContext: { requestId: randomUUID(), functionArn, condition, approximateInvokeCount: invocations },
    responseContext:
      invocations === 0 ? null : { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: new Date().toISOString(),
    KafkaBatchInfo: {
      batchSize: records.length,
      ...(eventSourceArn !== undefined && { eventSourceArn }),
      bootstrapServers,
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
