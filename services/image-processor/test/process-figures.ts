import { readFileSync, writeFileSync } from 'node:fs'

/** The most that a process has had at once since it started or was last forgotten, in bytes (proc_pid_status(5)). */
export interface PeakMemory {
  resident: number
  /** Without the program files in it, most of which other processes of the same program share. */
  own: number
}

/** Undefined where there is no `/proc`, as on macOS, or no such process any more. */
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

/** Has the peak begin anew with what the process has now (proc_pid_clear_refs(5)). */
export function forgetPeak(pid = 0): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // as above
  }
}

/** Ticks of processor time in a second, by proc_pid_stat(5) and sysconf(3), on every Linux of today. */
const TICKS = 100

/** What a process has worked so far, in milliseconds: other than a clock, it does not run while others work. */
export function processorTime(pid = 0): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Behind the name in parentheses, which may have spaces, the fields from the third on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1000
  } catch {
    return undefined
  }
}
