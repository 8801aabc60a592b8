import { AppId, HeicDecoder, Sha256 } from '@darkroom/core'
import { RetentionVariable } from '@darkroom/retention'
import * as z from 'zod'

const jsonText = z.string().transform((text, context) => {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' })
    return z.NEVER
  }
})

/** The service's whole configuration, checked once when a function starts. */
export const env = z
  .object({
    STAGE: z.string().min(1),
    BUCKET: z.string().min(3),
    QUEUE_URL: z.url(),
    RETENTION: RetentionVariable,
    HEIC_DECODER: HeicDecoder.default('none'),
    /** Apps with deduplication, separated by commas; may be empty. */
    DEDUPLICATED_APPS: z
      .string()
      .transform((list) => list.split(',').filter(Boolean))
      .pipe(z.array(AppId)),
    /** SHA-256 of each app's API keys, in hex. An app can have several, so that a key can be rotated. */
    API_KEY_HASHES: jsonText.pipe(z.record(AppId, z.array(Sha256))),
  })
  .parse(process.env)
