import { appOfTopic } from '@darkroom/app-configuration/deployed'
import { createRefusalReporter, outcomesQueueOf } from '@darkroom/intake'
import { sqs } from './clients.ts'
import { countDropped, type RecordOutcome } from './count-records.ts'
import { env } from './environment.ts'
import { logger } from './logger.ts'

export const refusals = createRefusalReporter({
  sqs,
  queueUrl: outcomesQueueOf(env.QUEUE_URL),
  source: '/darkroom/kafka-bridge',
  origin: 'kafka',
  onDropped: (dropped, error) => {
    logger.warn('refusals not reported', { refusals: dropped, error })
    countDropped(dropped)
  },
})

/** Reports the rejected records for which no image has a status. The others have a document, and so an event of their own. */
export async function reportRejected(outcomes: RecordOutcome[]): Promise<void> {
  const rejected = outcomes.flatMap(({ topic, withoutStatus: problem }) => {
    const app = appOfTopic[topic]
    return app !== undefined && problem ? [{ app, problem }] : []
  })
  await refusals.report(...rejected)
}
