import { PublishBatchCommand, type PublishBatchRequestEntry, SNSClient } from '@aws-sdk/client-sns'
import { timeouts } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { MAX_PUBLISHED_BYTES, type OutcomeEvent } from './outcome-event.ts'

export const sns = new SNSClient(timeouts)

const MAX_BATCH_EVENTS = 10

/** Publishes events. @returns those that SNS did not take */
export async function publishEvents(events: OutcomeEvent[]): Promise<OutcomeEvent[]> {
  const refused: OutcomeEvent[] = []
  for (const batch of toBatches(events)) refused.push(...(await publishBatch(batch)))
  return refused
}

/** Up to ten events, which together have at most the size that SNS takes at once. */
export function toBatches<Event extends Pick<OutcomeEvent, 'bytes'>>(events: Event[]): Event[][] {
  const batches: Event[][] = []
  let room = 0
  for (const event of events) {
    const last = batches.at(-1)
    if (last && last.length < MAX_BATCH_EVENTS && event.bytes <= room) last.push(event)
    else {
      batches.push([event])
      room = MAX_PUBLISHED_BYTES
    }
    room -= event.bytes
  }
  return batches
}

async function publishBatch(batch: OutcomeEvent[]): Promise<OutcomeEvent[]> {
  const PublishBatchRequestEntries = batch.map(toEntry)
  try {
    const { Failed = [] } = await sns.send(
      new PublishBatchCommand({ TopicArn: env.EVENTS_TOPIC_ARN, PublishBatchRequestEntries }),
    )
    for (const { Code, Message } of Failed) {
      logger.error('SNS did not take an event', { errorName: Code, errorMessage: Message })
    }
    const refused = new Set(Failed.map(({ Id }) => Id))
    return batch.filter((_, n) => refused.has(String(n)))
  } catch (error) {
    logger.error('SNS did not take events', { error: error as Error, events: batch.length })
    return batch
  }
}

function toEntry({ message, attributes }: OutcomeEvent, n: number): PublishBatchRequestEntry {
  const typed = Object.entries(attributes).map(([name, StringValue]) => [
    name,
    { DataType: 'String', StringValue },
  ])
  return { Id: String(n), Message: message, MessageAttributes: Object.fromEntries(typed) }
}
