import { HeicDecoder } from '@darkroom/core'
import * as z from 'zod'

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    STAGE: z.string().min(1),
    BUCKET: z.string().min(3),
    UNDELIVERED_BUCKET: z.string().min(3),
    QUEUE_URL: z.url(),
    HEIC_DECODER: HeicDecoder.default('none'),
    /** `SILENT` in tests: neither log lines nor the audit trail. */
    POWERTOOLS_LOG_LEVEL: z.string().optional(),
  })
  .parse(process.env)
