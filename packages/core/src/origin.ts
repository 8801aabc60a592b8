import * as z from 'zod'

/** The name of a Kafka topic, by Kafka's own rules. */
export const KafkaTopic = z
  .string()
  .regex(/^[a-zA-Z0-9._-]{1,249}$/, 'a topic must be 1 to 249 characters of a-z, A-Z, 0-9, ".", "_" and "-"')
  .refine((topic) => topic !== '.' && topic !== '..', 'a topic must not be "." or ".."')

/**
 * Where an image came from.
 * @example { "kind": "http" }
 * @example { "kind": "kafka", "topic": "images.web-app-2", "partition": 0, "offset": 15 }
 */
export const Origin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('http') }),
  z.object({
    kind: z.literal('kafka'),
    topic: KafkaTopic,
    partition: z.int().nonnegative(),
    offset: z.int().nonnegative(),
  }),
])
export type Origin = z.infer<typeof Origin>
