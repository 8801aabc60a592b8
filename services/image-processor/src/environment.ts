import { HeicDecoder } from '@darkroom/core'
import * as z from 'zod'

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    STAGE: z.string().min(1),
    BUCKET: z.string().min(3),
    QUEUE_URL: z.url(),
    /** Messages that failed too often are parked here, until an operator sends them back. */
    PARKED_QUEUE_URL: z.url(),
    /** The outcomes of images are published to this SNS topic. */
    EVENTS_TOPIC_ARN: z.string().startsWith('arn:'),
    HEIC_DECODER: HeicDecoder.default('none'),
    /** `preferred`: where the engine's process cannot be contained, as on macOS, it runs all the same. */
    ENGINE_CONTAINMENT: z.enum(['required', 'preferred']).default('required'),
  })
  .parse(process.env)

/** Named after the image queue in the template. */
export const watchQueueUrl = `${env.QUEUE_URL}-watch`
