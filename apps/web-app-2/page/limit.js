// @ts-check

/**
 * Limits how many async functions run at once. The others wait in the order of their calls.
 *
 * @param {number} maxRunning
 */
export function limit(maxRunning) {
  /** @type {(() => void)[]} */
  const waiting = []
  let running = 0

  return {
    isBusy: () => running > 0,
    isFull: () => waiting.length > 0,
    /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
    async run(work) {
      if (running >= maxRunning) await new Promise((resolve) => waiting.push(() => resolve(undefined)))
      else running++
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running--
      }
    },
  }
}
