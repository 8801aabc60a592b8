import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'

export const logger = new Logger({ serviceName: 'image-processor' })

const metrics = new Metrics({ namespace: 'Darkroom', serviceName: 'image-processor' })

/** Damaged, or written by something other than Darkroom. Only its own image is affected. */
export function reportUnreadable(key: string, reason: string): void {
  logger.error('stored object cannot be read', { key, reason })
  metrics.singleMetric().addMetric('UnreadableObjects', MetricUnit.Count, 1)
}
