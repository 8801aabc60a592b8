import * as z from 'zod'

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    STAGE: z.string().min(1),
    BUCKET: z.string().min(3),
    /** Of the image queue. The outcomes queue's follows from it. */
    QUEUE_URL: z.url(),
    /** How long an earlier state of a table can be read. Only mergeOutcomes has it. */
    SNAPSHOT_RETENTION_DAYS: z.coerce.number().int().positive().default(3),
  })
  .parse(process.env)
