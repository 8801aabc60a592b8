import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { ImageRef } from '@darkroom/core'
import { env } from './environment.ts'
import { logger } from './logger.ts'

const metrics = new Metrics({
  namespace: 'Darkroom',
  serviceName: 'upload-api',
  defaultDimensions: { stage: env.STAGE },
})

/** What the functions count. */
type Counted =
  | 'UploadsNotCounted'
  | 'ImagesEnqueuedAgain'
  | 'UploadsCompleted'
  | 'UploadsRefused'
  | 'ErasuresCompleted'
  | 'HashesForgotten'
  | 'WatchedImagesParked'
  | 'WatchedEventsUnreadable'
  | 'ObjectsReconciled'

export function count(name: Counted, by = 1): void {
  metrics.singleMetric().addMetric(name, MetricUnit.Count, by)
}

/** Reports an object that is damaged or that Darkroom did not write. Only its own image is affected. */
export function reportUnreadable(key: string, reason: string): void {
  logger.error('stored object cannot be read', { key, reason })
  metrics.singleMetric().addMetric('UnreadableObjects', MetricUnit.Count, 1)
}

/** Reports an image that is stored and accepted, but whose message was not sent. The watch queue sends it. */
export function reportUnsent({ app, imageId }: ImageRef, error: Error): void {
  logger.warn('message not sent, the watch queue will send it', { app, imageId, error })
  metrics.singleMetric().addMetric('MessagesNotSent', MetricUnit.Count, 1)
}

/** Reports refusals that no event counts. */
export function reportDropped(refusals: number, error?: Error): void {
  logger.warn('refusals not reported', { refusals, error })
  metrics.singleMetric().addMetric('RefusalsDropped', MetricUnit.Count, refusals)
}

/** Reports an image that is accepted, but will not answer for its bytes. */
export function reportUnremembered({ app, imageId }: ImageRef, error: Error): void {
  logger.warn('hash of an accepted image not stored', { app, imageId, error })
}
