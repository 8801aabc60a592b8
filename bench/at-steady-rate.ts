import { setTimeout as sleep } from 'node:timers/promises'

/** Starts `count` tasks at a rate of `perSecond`, without waiting for earlier ones. */
export async function atSteadyRate<Result>(
  count: number,
  perSecond: number,
  start: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const started = performance.now()
  const running: Promise<Result>[] = []
  for (let index = 0; index < count; index++) {
    await sleep(Math.max(0, started + (index * 1000) / perSecond - performance.now()))
    running.push(start(index))
  }
  return Promise.all(running)
}
