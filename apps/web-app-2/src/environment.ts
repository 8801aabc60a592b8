import {
  KafkaTopic,
  MAX_STORED_BYTES,
  MAX_UPLOAD_BYTES,
  parseVariables,
  readAllowedHosts,
} from '@darkroom/core'
import { readKafkaConnection } from '@darkroom/kafka-connection'
import * as z from 'zod'
import type { WebApp2Options } from './start-web-app-2.ts'

const Environment = z
  .object({
    HOST: z.string().default('127.0.0.1'),
    ALLOWED_HOSTS: z.string().optional(),
    PORT: z.coerce.number().int().min(0).max(65_535).default(4002),
    KAFKA_TOPIC: KafkaTopic.default('images.web-app-2'),
    UPLOAD_API_URL: z.url(),
    UPLOAD_API_KEY: z.string().min(1),
    CLAIMS_BUCKET: z
      .string()
      .regex(/^[a-z0-9.-]{3,63}$/, 'not a bucket name')
      .optional(),
    MAX_IMAGE_BYTES: z.coerce.number().int().positive().max(MAX_STORED_BYTES).optional(),
  })
  .refine(({ CLAIMS_BUCKET, MAX_IMAGE_BYTES = 0 }) => CLAIMS_BUCKET || MAX_IMAGE_BYTES <= MAX_UPLOAD_BYTES, {
    path: ['MAX_IMAGE_BYTES'],
    error: `more than ${MAX_UPLOAD_BYTES} requires CLAIMS_BUCKET`,
  })

/** The app's whole configuration, checked once. @throws Error that names each invalid variable and the reason */
export function readEnvironment(variables: Record<string, string | undefined>): WebApp2Options {
  const env = parseVariables(Environment, variables)
  return {
    host: env.HOST,
    allowedHosts: readAllowedHosts(env.ALLOWED_HOSTS),
    port: env.PORT,
    kafka: { ...readKafkaConnection(variables), topic: env.KAFKA_TOPIC },
    uploadApi: { url: env.UPLOAD_API_URL, apiKey: env.UPLOAD_API_KEY },
    ...(env.CLAIMS_BUCKET && { claims: { bucket: env.CLAIMS_BUCKET } }),
    ...(env.MAX_IMAGE_BYTES && { maxImageBytes: env.MAX_IMAGE_BYTES }),
  }
}
