import { retention } from '@darkroom/app-configuration/deployed'
import { acceptedTypes } from '@darkroom/core'
import { createIntake, type IntakeQueue } from '@darkroom/intake'
import { bucket, sqs } from './clients.ts'
import { env } from './environment.ts'
import { reportUnremembered, reportUnsent } from './metrics.ts'
import { hasDeduplication, settingsOf } from './settings.ts'

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
  limitsOf: settingsOf,
  deduplication: {
    isEnabled: hasDeduplication,
    retention,
    onUnremembered: reportUnremembered,
  },
})
