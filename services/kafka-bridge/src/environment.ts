import { AppId, HeicDecoder } from '@darkroom/core'
import * as z from 'zod'

/** Must end with a slash: `claims/web-app-2` would also match `claims/web-app-20/`. */
const ClaimPrefix = z.string().regex(/^claims\/([^/]+\/)+$/, 'must have the form claims/…/')

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    STAGE: z.string().min(1),
    BUCKET: z.string().min(3),
    UNDELIVERED_BUCKET: z.string().min(3),
    QUEUE_URL: z.url(),
    HEIC_DECODER: HeicDecoder.default('none'),
    /** The app of each topic, as JSON: `{"images.web-app-2": "web-app-2"}`. */
    TOPIC_APPS: z
      .string()
      .transform((text) => JSON.parse(text))
      .pipe(z.record(z.string(), AppId)),
    /** The prefix that an app's claim checks may refer to, as JSON: `{"web-app-2": "claims/web-app-2/"}`. */
    CLAIM_PREFIXES: z
      .string()
      .transform((text) => JSON.parse(text))
      .pipe(z.record(AppId, ClaimPrefix)),
  })
  .parse(process.env)
