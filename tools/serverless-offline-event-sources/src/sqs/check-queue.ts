import type { SourceContext } from '../event-source.ts'
import { EventSourceError } from '../event-source-error.ts'
import type { Queue } from './find-queue.ts'
import type { SqsMapping } from './sqs-mapping.ts'

/**
 * What AWS would say when the mapping is created.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export function checkQueue(
  queue: Queue,
  { batchSize, batchingWindow }: SqsMapping,
  { functionKey, functionTimeout, log }: Pick<SourceContext, 'functionKey' | 'functionTimeout' | 'log'>,
): void {
  if (queue.isFifo && (batchSize > 10 || batchingWindow > 0)) {
    throw new EventSourceError(
      'invalid-event',
      `The sqs event of function ${functionKey} is not valid: a FIFO queue takes a batchSize of at most 10 and no maximumBatchingWindow.`,
    )
  }
  if (queue.visibilityTimeout < functionTimeout) {
    log.warning(
      `The visibility timeout of queue ${queue.name} (${queue.visibilityTimeout} s) is shorter than the timeout of function ${functionKey} (${functionTimeout} s): messages return while they are still being worked on, and AWS refuses the mapping. AWS recommends at least 6 × the function's timeout plus the batching window, ${6 * functionTimeout + batchingWindow} s.`,
    )
  }
}
