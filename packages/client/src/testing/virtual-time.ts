import { jest } from '@jest/globals'

const STEP_MS = 50

/** Makes timers virtual, but not what requests need. `jest.useRealTimers()` ends it. */
export function useVirtualTime(): void {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
}

/** Lets virtual time pass. */
export async function pass(milliseconds: number): Promise<void> {
  for (const end = Date.now() + milliseconds; Date.now() < end; ) await step()
}

/** Lets virtual time pass until the promise is settled. */
export async function settled<Result>(promise: Promise<Result>): Promise<Result> {
  let isPending = true
  const end = () => {
    isPending = false
  }
  promise.then(end, end)
  while (isPending) await step()
  return promise
}

/** Slowly enough for real requests. */
async function step(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  await jest.advanceTimersByTimeAsync(STEP_MS)
}
