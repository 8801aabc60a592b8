import { AppId } from '@darkroom/core'
import * as z from 'zod'

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    BUCKET: z.string().min(3),
    QUEUE_URL: z.url(),
    /** Which app a topic belongs to, as JSON: `{"images.web-app-2": "web-app-2"}`. */
    TOPIC_APPS: z
      .string()
      .transform((text) => JSON.parse(text))
      .pipe(z.record(z.string(), AppId)),
  })
  .parse(process.env)
