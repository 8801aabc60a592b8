import * as z from 'zod'

/**
 * The way an image came in.
 * @example { "kind": "http" }
 * @example { "kind": "kafka", "topic": "images.web-app-2", "partition": 0, "offset": 15 }
 */
export const Origin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('http') }),
  z.object({
    kind: z.literal('kafka'),
    topic: z.string().min(1),
    partition: z.int().nonnegative(),
    offset: z.int().nonnegative(),
  }),
])
export type Origin = z.infer<typeof Origin>
