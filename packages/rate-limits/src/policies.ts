import type { RequestRate, UsageLimits } from '@darkroom/app-configuration'

/** What one upload uses of the limits of its app. */
export interface Use {
  bytes: number
  /** Width times height. Undefined while nobody knows the image. */
  pixels?: number | undefined
}

/** Something that a policy counts. */
type Unit = 'requests' | 'images' | 'bytes' | 'pixels'

/** One limit of an app: at most `quota` units in `windowMs`. */
export interface Policy {
  name: Unit | 'images-per-day' | 'bytes-per-day' | 'pixels-per-day'
  unit: Unit
  quota: number
  windowMs: number
  /** The limit itself, for a sentence. */
  limit: number
}

export const DAY_MS = 86_400_000

/** Without a burst of its own, an average may be used up for this long at once. */
const BURST_SECONDS = 10

/** A burst in a window as long as the burst takes at the average is a limit for both. */
function rate(unit: 'requests' | 'images' | 'bytes', perSecond: number, burst: number): Policy {
  return {
    name: unit,
    unit,
    quota: burst,
    windowMs: Math.ceil((burst / perSecond) * 1000),
    limit: perSecond,
  }
}

function daily(unit: 'images' | 'bytes' | 'pixels', quota: number): Policy {
  return { name: `${unit}-per-day`, unit, quota, windowMs: DAY_MS, limit: quota }
}

/** @param maxBytes the largest image that the app accepts */
export function policiesOf(limits: UsageLimits, maxBytes: number): Policy[] {
  const { imagesPerSecond, bytesPerSecond, imagesPerDay, bytesPerDay, pixelsPerDay } = limits
  const { burstImages = (imagesPerSecond ?? 0) * BURST_SECONDS } = limits
  const { burstBytes = Math.max((bytesPerSecond ?? 0) * BURST_SECONDS, maxBytes) } = limits
  return [
    ...(imagesPerSecond ? [rate('images', imagesPerSecond, burstImages)] : []),
    ...(bytesPerSecond ? [rate('bytes', bytesPerSecond, burstBytes)] : []),
    ...(imagesPerDay ? [daily('images', imagesPerDay)] : []),
    ...(bytesPerDay ? [daily('bytes', bytesPerDay)] : []),
    ...(pixelsPerDay ? [daily('pixels', pixelsPerDay)] : []),
  ]
}

/** How many units of a policy an upload needs. */
export function needed({ unit }: Policy, { bytes, pixels = 0 }: Use): number {
  if (unit === 'bytes') return bytes
  return unit === 'pixels' ? pixels : 1
}

/** The limit of the HTTP requests of an app. */
export function requestPolicy({ perSecond, burst = perSecond * BURST_SECONDS }: RequestRate): Policy {
  return rate('requests', perSecond, burst)
}
