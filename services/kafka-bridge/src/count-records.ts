import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { ProblemSlug } from '@darkroom/core'
import { env } from './environment.ts'

const metrics = new Metrics({
  namespace: 'Darkroom',
  serviceName: 'kafka-bridge',
  defaultDimensions: { stage: env.STAGE },
})

/** What became of a record, by the word that is logged; `reason` is the slug of whatever was wrong. */
export interface RecordOutcome {
  outcome: 'accepted' | 'rejected' | 'deferred'
  topic: string
  offset: number
  reason?: ProblemSlug
}

const NAMES = {
  accepted: 'KafkaRecordsAccepted',
  rejected: 'KafkaRecordsRejected',
  deferred: 'KafkaRecordsDeferred',
}

/**
 * Counts records as CloudWatch metrics, one line of output for all that came to the same in a topic: once by service
 * and stage alone, which is what an alarm can watch, and once by topic and reason as well.
 */
export function countRecords(outcomes: RecordOutcome[]): void {
  const kinds = Map.groupBy(outcomes, ({ outcome, topic, reason }) => [outcome, topic, reason].join())
  for (const [first, ...others] of kinds.values()) if (first) count(first, 1 + others.length)
}

function count({ outcome, topic, reason }: RecordOutcome, records: number): void {
  const metric = metrics.singleMetric()
  metric.addDimensions({})
  metric.addDimensions({ topic, ...(reason && { reason }) })
  metric.addMetric(NAMES[outcome], MetricUnit.Count, records)
}
