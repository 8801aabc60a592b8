import { MAX_STORED_BYTES } from '@darkroom/core'
import * as z from 'zod'

const MAX_PER_SECOND = 10_000
const MAX_COUNT = 1_000_000_000_000_000

const count = (max = MAX_COUNT) => z.int().min(1).max(max)

/**
 * How many HTTP requests an app may send, of any kind.
 *
 *     { "perSecond": 100, "burst": 1000 }
 */
export const RequestRate = z
  .strictObject({
    perSecond: count(MAX_PER_SECOND).describe('Requests in a second, on average.'),
    burst: count()
      .optional()
      .describe('Requests at once, before the average counts. Default: 10 seconds of it.'),
  })
  .refine(({ perSecond, burst = perSecond }) => burst >= perSecond, {
    path: ['burst'],
    message: 'must be at least perSecond',
  })
export type RequestRate = z.infer<typeof RequestRate>

/**
 * How many images, and how much of them, an app may send. A limit that is left out does not exist.
 *
 *     { "imagesPerSecond": 50, "burstImages": 500, "bytesPerSecond": 20000000, "imagesPerDay": 100000 }
 */
export const UsageLimits = z.strictObject({
  imagesPerSecond: count(MAX_PER_SECOND)
    .optional()
    .describe('Images that it may send in a second, on average. Default: any number.'),
  burstImages: count()
    .optional()
    .describe('Images that it may send at once, before the average counts. Default: 10 seconds of it.'),
  bytesPerSecond: count()
    .optional()
    .describe('Bytes of images that it may send in a second, on average. Default: any number.'),
  burstBytes: count()
    .optional()
    .describe(
      'Bytes that it may send at once. Default: 10 seconds of the average, and at least one image of the largest size.',
    ),
  imagesPerDay: count().optional().describe('Images of a day, by UTC. Default: any number.'),
  bytesPerDay: count().optional().describe('Bytes of the images of a day, by UTC. Default: any number.'),
  pixelsPerDay: count()
    .optional()
    .describe('Pixels of the images of a day, by UTC: width times height. Default: any number.'),
})
export type UsageLimits = z.infer<typeof UsageLimits>

/** The rules that concern more than one limit: the field and what is wrong with it. */
export function* contradictionsOfLimits(
  limits: UsageLimits,
  maxBytes = MAX_STORED_BYTES,
): Generator<[keyof UsageLimits, string]> {
  const { imagesPerSecond, burstImages, bytesPerSecond, burstBytes, bytesPerDay } = limits
  if (burstImages !== undefined) {
    if (imagesPerSecond === undefined) yield ['burstImages', 'needs imagesPerSecond']
    else if (burstImages < imagesPerSecond)
      yield ['burstImages', `must be at least imagesPerSecond, ${imagesPerSecond}`]
  }
  const largest = `must be at least the largest image that the app accepts, ${maxBytes} bytes`
  if (burstBytes !== undefined) {
    if (bytesPerSecond === undefined) yield ['burstBytes', 'needs bytesPerSecond']
    else if (burstBytes < bytesPerSecond)
      yield ['burstBytes', `must be at least bytesPerSecond, ${bytesPerSecond}`]
    else if (burstBytes < maxBytes) yield ['burstBytes', largest]
  }
  if (bytesPerDay !== undefined && bytesPerDay < maxBytes) yield ['bytesPerDay', largest]
}
