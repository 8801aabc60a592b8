import * as z from 'zod'

/**
 * The tenant, e.g. `web-app-1`. It comes from a verified credential or a topic's configuration, never from a payload,
 * and is part of every S3 key.
 */
export const AppId = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, 'an app id must be 1 to 32 characters of a-z, 0-9 and "-"')
  .meta({ description: 'The application the image belongs to.', example: 'web-app-1' })
export type AppId = z.infer<typeof AppId>
