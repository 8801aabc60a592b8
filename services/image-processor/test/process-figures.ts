import { readFileSync, writeFileSync } from 'node:fs'

/** Peak memory of a process in bytes, since its start or the last reset (proc_pid_status(5)). */
export interface PeakMemory {
  resident: number
  /** Without program files, most of which other processes of the same program share. */
  own: number
}

/** Undefined without `/proc`, as on macOS, or if the process has ended. */
export function peakMemory(pid = 0): PeakMemory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string) =>
      1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1])
    const resident = field('VmHWM')
    const peak = { resident, own: resident - field('RssFile') }
    return Number.isNaN(peak.own) ? undefined : peak
  } catch {
    return undefined
  }
}

/** Resets the peak to the current memory (proc_pid_clear_refs(5)). */
export function resetPeakMemory(pid = 0): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // No `/proc`, or the process has ended.
  }
}

/** Clock ticks of proc_pid_stat(5): 100 per second on all current Linux systems. */
const TICKS_PER_SECOND = 100

/** CPU time of a process so far. Unlike a clock, it does not count other processes' work. */
export function cpuTimeMs(pid = 0): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The third and later fields follow the name in parentheses, which can contain spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000
  } catch {
    return undefined
  }
}
