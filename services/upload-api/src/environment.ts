import { HeicDecoder } from '@darkroom/core'
import * as z from 'zod'

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    STAGE: z.string().min(1),
    BUCKET: z.string().min(3),
    QUEUE_URL: z.url(),
    /** From the write of an object until it is looked at. The watch queue has the same delay. */
    WATCH_DELAY_SECONDS: z.coerce.number().int().positive().default(120),
    HEIC_DECODER: HeicDecoder.default('none'),
    /** `SILENT` in tests: neither log lines nor the audit trail. */
    POWERTOOLS_LOG_LEVEL: z.string().optional(),
  })
  .parse(process.env)

/** Named after the image queue by image-processor's template. */
export const watchQueueUrl = `${env.QUEUE_URL}-watch`
export const parkedQueueUrl = `${env.QUEUE_URL}-parked`
