import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { env } from './environment.ts'

const metrics = new Metrics({
  namespace: 'Darkroom',
  serviceName: 'analytics-catalog',
  defaultDimensions: { stage: env.STAGE },
})

/** Events that were written into files. */
export function reportCollected(events: number): void {
  if (events > 0) metrics.singleMetric().addMetric('EventsCollected', MetricUnit.Count, events)
}

/** Events that can never be read. Their images are still announced again, if the reconcile misses them. */
export function reportUnreadable(events: number): void {
  if (events > 0) metrics.singleMetric().addMetric('UnreadableEvents', MetricUnit.Count, events)
}

/** Since the oldest file that is not merged was collected, in milliseconds. */
export function reportMergeLag(milliseconds: number): void {
  metrics.singleMetric().addMetric('MergeLag', MetricUnit.Milliseconds, milliseconds)
}

/** What the daily comparison of documents and rows found. */
export function reportReconciled({ missing, surplus }: { missing: number; surplus: number }): void {
  metrics.singleMetric().addMetric('RowsMissing', MetricUnit.Count, missing)
  metrics.singleMetric().addMetric('RowsWithoutDocument', MetricUnit.Count, surplus)
}
