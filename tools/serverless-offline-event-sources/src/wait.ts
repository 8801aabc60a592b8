import { setTimeout as sleep } from 'node:timers/promises'

/** Whether `work` settles within so many seconds. It is not cancelled if it does not. */
export async function within(seconds: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const deadline = sleep(seconds * 1000, false, { signal: timer.signal }).catch(() => false)
  const ended = work.then(
    () => true,
    () => true,
  )
  const inTime = await Promise.race([ended, deadline])
  timer.abort()
  return inTime
}
