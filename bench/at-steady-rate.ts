import { setTimeout as sleep } from 'node:timers/promises'

/** Begins `count` times, `perSecond`, whether or not what began before has ended. */
export async function atSteadyRate<Result>(
  count: number,
  perSecond: number,
  begin: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const began = performance.now()
  const running: Promise<Result>[] = []
  for (let index = 0; index < count; index++) {
    await sleep(Math.max(0, began + (index * 1000) / perSecond - performance.now()))
    running.push(begin(index))
  }
  return Promise.all(running)
}
