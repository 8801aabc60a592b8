import { parseVariables, readAllowedHosts } from '@darkroom/core'
import * as z from 'zod'
import type { WebApp1Options } from './start-web-app-1.ts'

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  ALLOWED_HOSTS: z.string().optional(),
  PORT: z.coerce.number().int().min(0).max(65_535).default(4001),
  UPLOAD_API_URL: z.url(),
  UPLOAD_API_KEY: z.string().min(1),
})

/** The app's whole configuration, checked once. @throws Error that names each invalid variable and the reason */
export function readEnvironment(variables: Record<string, string | undefined>): WebApp1Options {
  const env = parseVariables(Environment, variables)
  return {
    host: env.HOST,
    allowedHosts: readAllowedHosts(env.ALLOWED_HOSTS),
    port: env.PORT,
    uploadApi: { url: env.UPLOAD_API_URL, apiKey: env.UPLOAD_API_KEY },
  }
}
