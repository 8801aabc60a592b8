import { readdirSync, readFileSync } from 'node:fs'

const PAGE_BYTES = 4096

/**
 * The memory that a process has for itself, in bytes: what is resident less what is shared, as Node's own program is
 * (proc_pid_statm(5)). Undefined without `/proc`, as on macOS, or if the process has ended.
 */
export function privateMemory(pid: number): number | undefined {
  try {
    const [, resident, shared] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return (Number(resident) - Number(shared)) * PAGE_BYTES
  } catch {
    return undefined
  }
}

/**
 * Measures from now on how long a process waits for a processor. The function that it returns gives the longest time, in
 * milliseconds, that one of its threads was ready to run while the machine ran others (`run_delay` of
 * /proc/PID/task/TID/schedstat, Documentation/scheduler/sched-stats in Linux); 0 where the system does not tell.
 */
export function watchProcessorWait(pid: number): () => number {
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
