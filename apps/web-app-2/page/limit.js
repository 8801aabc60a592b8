// @ts-check

/**
 * Runs so many things at a time; the others wait for their turn in the order in which they came.
 *
 * @param {number} most
 */
export function limit(most) {
  /** @type {(() => void)[]} */
  const waiting = []
  let running = 0

  return {
    busy: () => running > 0,
    crowded: () => waiting.length > 0,
    /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
    async run(work) {
      if (running >= most) await new Promise((resolve) => waiting.push(() => resolve(undefined)))
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
