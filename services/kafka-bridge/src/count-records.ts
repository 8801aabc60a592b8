import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { ImageId, ProblemError, ProblemSlug } from '@darkroom/core'
import { env } from './environment.ts'

const metrics = new Metrics({
  namespace: 'Darkroom',
  serviceName: 'kafka-bridge',
  defaultDimensions: { stage: env.STAGE },
})

/** `outcome` is the word in the log; `reason` is the slug of the problem. */
export interface RecordOutcome {
  outcome: 'accepted' | 'rejected' | 'deferred'
  topic: string
  partition: number
  offset: number
  reason?: ProblemSlug
  /** Why a record was rejected for which no image has a status. */
  withoutStatus?: ProblemError
  /** A rejected record that is not kept itself. */
  listed?: ListedRecord
}

/** What is stored of a rejected record that is not kept itself. */
export interface ListedRecord {
  offset: number
  /** Kafka's, in Unix milliseconds. */
  timestamp: number
  reason: ProblemSlug
  /** If the record identifies an image. */
  imageId?: ImageId
  /** Whether its image has a status: `failed`, or that of an earlier record of the same event. */
  hasStatus: boolean
}

const NAMES = {
  accepted: 'KafkaRecordsAccepted',
  rejected: 'KafkaRecordsRejected',
  deferred: 'KafkaRecordsDeferred',
}

/**
 * Counts records as CloudWatch metrics, with one line for all records of a topic with the same outcome and reason. Each
 * is counted by service and stage, which alarms watch, and also by topic and reason.
 */
export function countRecords(outcomes: RecordOutcome[]): void {
  const kinds = Map.groupBy(outcomes, ({ outcome, topic, reason }) => [outcome, topic, reason].join())
  for (const [first, ...others] of kinds.values()) if (first) count(first, 1 + others.length)
  const listed = Map.groupBy(
    outcomes.filter((outcome) => outcome.listed),
    ({ topic }) => topic,
  )
  for (const [topic, { length }] of listed) add('KafkaRecordsListed', { topic }, length)
}

/** Counts a delivery of an event whose time is not plausible and so is not in the id of its image. */
export function countImplausibleTime(topic: string): void {
  add('KafkaImplausibleTimes', { topic }, 1)
}

/** Counts an image that is stored and accepted, but whose message was not sent. The watch queue sends it. */
export function countUnsent(): void {
  metrics.singleMetric().addMetric('MessagesNotSent', MetricUnit.Count, 1)
}

/** Counts refusals that no event counts. */
export function countDropped(refusals: number): void {
  metrics.singleMetric().addMetric('RefusalsDropped', MetricUnit.Count, refusals)
}

/** Counts that images are accepted without limits, because they cannot be counted. */
export function countUncounted(): void {
  metrics.singleMetric().addMetric('UploadsNotCounted', MetricUnit.Count, 1)
}

function count({ outcome, topic, reason }: RecordOutcome, records: number): void {
  add(NAMES[outcome], { topic, ...(reason && { reason }) }, records)
}

/** By service and stage, and also by `dimensions`. */
function add(name: string, dimensions: Record<string, string>, value: number): void {
  const metric = metrics.singleMetric()
  metric.addDimensions({})
  metric.addDimensions(dimensions)
  metric.addMetric(name, MetricUnit.Count, value)
}
