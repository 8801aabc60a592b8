import { readFileSync } from 'node:fs'

const PAGE = 4096

/**
 * The memory that a process has taken for itself, in bytes: what is resident less what is shared, as Node's own
 * program is (proc_pid_statm(5)). Undefined where there is no `/proc`, as on macOS, or no such process any more.
 */
export function takenMemory(pid: number): number | undefined {
  try {
    const [, resident, shared] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return (Number(resident) - Number(shared)) * PAGE
  } catch {
    return undefined
  }
}
