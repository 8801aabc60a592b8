import { setTimeout as pause } from 'node:timers/promises'

/** A gate that lets through `perSecond` a second: waits until it is one's turn. */
export function atMost(perSecond: number): () => Promise<void> {
  let next = 0
  return async () => {
    const now = performance.now()
    const turn = Math.max(now, next)
    next = turn + 1000 / perSecond
    await pause(turn - now)
  }
}
