import { acceptedTypes } from '@darkroom/core'
import { createIntake, type ImageQueue } from '@darkroom/intake'
import { bucket, sqs } from './clients.ts'
import { env } from './environment.ts'

export const imageQueue: ImageQueue = {
  bucket,
  sqs,
  queueUrl: env.QUEUE_URL,
  source: '/darkroom/upload-api',
}

export const acceptImage = createIntake({
  ...imageQueue,
  accepted: acceptedTypes(env.HEIC_DECODER),
  deduplication: { apps: env.DEDUPLICATED_APPS, retention: env.RETENTION },
})
