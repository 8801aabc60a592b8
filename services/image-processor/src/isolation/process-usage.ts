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
 * Measures from now on how long a process runs on a processor. The function that it returns gives the time in milliseconds,
 * added up over its threads (the first figure of /proc/PID/task/TID/schedstat, Documentation/scheduler/sched-stats in Linux);
 * undefined where the system does not report it.
 */
export function watchProcessorTime(pid: number): () => number | undefined {
  const before = timesOf(pid)
  return () => {
    const after = before && timesOf(pid)
    if (!after) return undefined
    return [...after].reduce((sum, [thread, time]) => sum + time - (before.get(thread) ?? 0), 0)
  }
}

function timesOf(pid: number): Map<string, number> | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return new Map(threads.map((thread) => [thread, timeOf(pid, thread)]))
  } catch {
    return undefined
  }
}

function timeOf(pid: number, thread: string): number {
  const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
  return Number(nanoseconds) / 1e6
}
