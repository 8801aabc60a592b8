import { apps, retention } from '@darkroom/app-configuration/deployed'
import { acceptedTypes } from '@darkroom/core'
import { createIntake, type IntakeQueue } from '@darkroom/intake'
import { bucket, sqs } from './clients.ts'
import { env } from './environment.ts'
import { reportUnremembered, reportUnsent } from './metrics.ts'

/** Named after the image queue by image-processor's template. */
export const watchQueueUrl = `${env.QUEUE_URL}-watch`
export const parkedQueueUrl = `${env.QUEUE_URL}-parked`

export const imageQueue: IntakeQueue = {
  bucket,
  sqs,
  queueUrl: env.QUEUE_URL,
  source: '/darkroom/upload-api',
  onUnsent: reportUnsent,
}

export const acceptImage = createIntake({
  ...imageQueue,
  accepted: acceptedTypes(env.HEIC_DECODER),
  deduplication: {
    isEnabled: (app) => Object.hasOwn(apps, app) && apps[app]?.deduplication === true,
    retention,
    onUnremembered: reportUnremembered,
  },
})
