import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { StoredFailed, StoredProcessed } from '@darkroom/core'
import { env } from './environment.ts'
import { logger } from './logger.ts'

const metrics = new Metrics({
  namespace: 'Darkroom',
  serviceName: 'image-processor',
  defaultDimensions: { stage: env.STAGE },
})

/** Damaged, or written by something other than Darkroom. Only its own image is affected. */
export function reportUnreadable(key: string, reason: string): void {
  logger.error('stored object cannot be read', { key, reason })
  metrics.singleMetric().addMetric('UnreadableObjects', MetricUnit.Count, 1)
}

/** Documents whose outcome was published, or had nothing to publish. */
export function reportAnnounced(documents: number): void {
  if (documents > 0) metrics.singleMetric().addMetric('OutcomesAnnounced', MetricUnit.Count, documents)
}

/** An image that was to be developed again and keeps its earlier variants. */
export function countNotRedeveloped(): void {
  metrics.singleMetric().addMetric('RedevelopmentsFailed', MetricUnit.Count, 1)
}

/** An image whose engine's process is not contained. Where containment is required, it is not processed there. */
export function countNotContained(): void {
  metrics.singleMetric().addMetric('EngineNotContained', MetricUnit.Count, 1)
}

/** How long an owner waited for the first result of an image. Alarms compare it with the objective. */
export function reportReady({ accepted_at, finished_at }: StoredProcessed | StoredFailed): void {
  const milliseconds = Date.parse(finished_at) - Date.parse(accepted_at)
  metrics.singleMetric().addMetric('TimeToReady', MetricUnit.Milliseconds, milliseconds)
}
