import * as z from 'zod'
import type { WebApp1Options } from './start-web-app-1.ts'

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(4001),
  UPLOAD_API_URL: z.url(),
  UPLOAD_API_KEY: z.string().min(1),
  STORAGE_ORIGIN: z.string().default('https://*.amazonaws.com'),
})

/** The app's whole configuration, checked once. @throws Error that names each invalid variable and the reason */
export function readEnvironment(variables: Record<string, string | undefined>): WebApp1Options {
  const result = Environment.safeParse(
    Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== '')),
  )
  if (!result.success) {
    throw new Error(`Invalid environment variables:\n${z.prettifyError(result.error)}`)
  }
  const { HOST: host, PORT: port, UPLOAD_API_URL: url, UPLOAD_API_KEY: apiKey } = result.data
  return { host, port, uploadApi: { url, apiKey }, storage: result.data.STORAGE_ORIGIN }
}
