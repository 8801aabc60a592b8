import { HeicDecoder } from '@darkroom/core'
import { RetentionVariable } from '@darkroom/retention'
import * as z from 'zod'

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    BUCKET: z.string().min(3),
    QUEUE_URL: z.url(),
    /** Where messages lie that were given up, for an operator to send back. */
    PARKED_QUEUE_URL: z.url(),
    RETENTION: RetentionVariable,
    HEIC_DECODER: HeicDecoder.default('none'),
  })
  .parse(process.env)
