import { AppId, HeicDecoder } from '@darkroom/core'
import * as z from 'zod'

/** Whole segments, so that `claims/web-app-2` does not open `claims/web-app-20` as well. */
const ClaimPrefix = z.string().regex(/^claims\/([^/]+\/)+$/, 'a prefix is claims/…/')

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    STAGE: z.string().min(1),
    BUCKET: z.string().min(3),
    QUEUE_URL: z.url(),
    HEIC_DECODER: HeicDecoder.default('none'),
    /** Which app a topic belongs to, as JSON: `{"images.web-app-2": "web-app-2"}`. */
    TOPIC_APPS: z
      .string()
      .transform((text) => JSON.parse(text))
      .pipe(z.record(z.string(), AppId)),
    /** Where an app's claim checks may lead, as JSON: `{"web-app-2": "claims/web-app-2/"}`. */
    CLAIM_PREFIXES: z
      .string()
      .transform((text) => JSON.parse(text))
      .pipe(z.record(AppId, ClaimPrefix)),
  })
  .parse(process.env)
