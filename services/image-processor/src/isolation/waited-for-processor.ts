import { readdirSync, readFileSync } from 'node:fs'

/**
 * Watches how long a process is kept from running, from now on: what it answers is the longest time, in milliseconds,
 * that one of its threads was ready to run while the machine was busy with others (`run_delay` of
 * /proc/PID/task/TID/schedstat, Documentation/scheduler/sched-stats in Linux). 0 where the system does not tell.
 */
export function watchWaiting(pid: number): () => number {
  const before = waitsOf(pid)
  if (!before) return () => 0
  return () => {
    const waits = [...(waitsOf(pid) ?? [])]
    return Math.max(0, ...waits.map(([thread, wait]) => wait - (before.get(thread) ?? 0)))
  }
}

function waitsOf(pid: number): Map<string, number> | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return new Map(threads.map((thread) => [thread, waitOf(pid, thread)]))
  } catch {
    return undefined
  }
}

function waitOf(pid: number, thread: string): number {
  const [, nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
  return Number(nanoseconds) / 1e6
}
