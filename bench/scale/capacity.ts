import type { Limit, Limits } from './limits.ts'

/** Takes `rate` a second, and up to `size` at once. */
export function tokenBucket(rate: number, size: number) {
  let [tokens, last] = [size, 0]
  return {
    take(now: number): boolean {
      tokens = Math.min(size, tokens + (now - last) * rate)
      last = now
      if (tokens < 1) return false
      tokens--
      return true
    },
  }
}

/** Requests of each prefix are evenly spaced at its rate: a request that has to wait is repeated by the SDK until then. */
export function prefixes(count: number, rate: number) {
  const free = new Float64Array(count)
  return {
    /** Takes the next free time. @returns the seconds until then */
    delay(prefix: number, now: number): number {
      const time = Math.max(now, free[prefix] as number)
      free[prefix] = time + 1 / rate
      return time - now
    },
  }
}

/** Lambda's concurrency and new environments. `bind` is called with the limit that refuses an execution. */
export function lambdaAccount({ concurrency, newEnvironments }: Limits, bind: (limit: Limit) => void) {
  let running = 0
  return {
    isFull: () => running >= concurrency,
    open(coldSeconds: number, most = Number.POSITIVE_INFINITY) {
      let [idle, own, peak] = [0, 0, 0]
      const environments = tokenBucket(newEnvironments / 10, newEnvironments)
      return {
        peak: () => peak,
        /** @returns the seconds of a cold start, or undefined if Lambda refuses */
        start(now: number): number | undefined {
          if (own >= most) {
            bind('reserved concurrency')
            return undefined
          }
          if (running >= concurrency) {
            bind('concurrency')
            return undefined
          }
          if (idle === 0 && !environments.take(now)) {
            bind('new environments')
            return undefined
          }
          const cold = idle > 0 ? 0 : coldSeconds
          if (idle > 0) idle--
          running++
          peak = Math.max(peak, ++own)
          return cold
        },
        end() {
          running--
          own--
          idle++
        },
      }
    },
  }
}

/** A queue of images. */
export function fifo(capacity: number) {
  const images: number[] = new Array(capacity)
  let [head, tail] = [0, 0]
  return {
    size: () => tail - head,
    add(image: number) {
      images[tail++] = image
    },
    take: () => images[head++] as number,
  }
}
