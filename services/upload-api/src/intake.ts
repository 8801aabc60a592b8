import { acceptedTypes } from '@darkroom/core'
import { createIntake } from '@darkroom/intake'
import { s3, sqs } from './clients.ts'
import { env } from './environment.ts'

/** Names this service in the messages that it sends. */
export const SOURCE = '/darkroom/upload-api'

export const acceptImage = createIntake({
  s3,
  sqs,
  bucket: env.BUCKET,
  queueUrl: env.QUEUE_URL,
  source: SOURCE,
  accepted: acceptedTypes(env.HEIC_DECODER),
  deduplication: { apps: env.DEDUPLICATED_APPS, retention: env.RETENTION },
})
