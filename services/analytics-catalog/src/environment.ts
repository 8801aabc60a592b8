import * as z from 'zod'

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    STAGE: z.string().min(1),
    BUCKET: z.string().min(3),
    /** Of the image queue. The outcomes queue's follows from it. */
    QUEUE_URL: z.url(),
  })
  .parse(process.env)
