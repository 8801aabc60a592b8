import type { OpenEventSource, SourceContext } from '../event-source.ts'
import { EventSourceError } from '../event-source-error.ts'
import { readSqsEventDefinition, type SqsEventDefinition } from './mapping.ts'
import { queueNameOf } from './queue.ts'
import { SqsSource } from './sqs-source.ts'

/** `sqs` events. `filterPatterns` are not supported: every message is delivered. */
export const openSqsSource: OpenEventSource = (definition, context) => {
  const event = readSqsEventDefinition(definition, context.functionKey)
  const queueName = findQueueName(event, context)
  const label = `${queueName} → ${context.functionKey}`
  if (!event.enabled) {
    context.log.notice(`${label} is disabled`)
    return undefined
  }
  if (event.filterPatterns) {
    context.log.warning(
      `${label}: filterPatterns are not supported locally. The function receives every message.`,
    )
  }
  return new SqsSource(
    {
      queueName,
      batchSize: event.batchSize,
      batchingWindowSeconds: event.maximumBatchingWindow,
      maximumConcurrency: Math.min(
        event.maximumConcurrency ?? Number.POSITIVE_INFINITY,
        context.maximumConcurrency,
      ),
      reportsItemFailures: event.functionResponseType === 'ReportBatchItemFailures',
    },
    context,
  )
}

function findQueueName({ arn }: SqsEventDefinition, { resolve, functionKey }: SourceContext): string {
  try {
    return queueNameOf(String(resolve(arn)))
  } catch (cause) {
    if (!(cause instanceof EventSourceError)) throw cause
    throw new EventSourceError(
      'unknown-queue',
      `The queue of function ${functionKey} could not be resolved: ${cause.message}`,
      { cause },
    )
  }
}
