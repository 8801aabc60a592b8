/** Waits; ends early when the browser is online again. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      removeEventListener('online', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    addEventListener('online', end)
  })
}

/** Resolves when the browser is online. */
export async function untilOnline(): Promise<void> {
  if (navigator.onLine) return
  await new Promise((resolve) => addEventListener('online', resolve, { once: true }))
}

/** The pause after the nth failure: 1 to 30 seconds, with jitter, so that not all pages retry at once. */
export function backoffMs(failures: number): number {
  return Math.min(1000 * 2 ** (failures - 1), 30_000) * (0.5 + Math.random() / 2)
}
