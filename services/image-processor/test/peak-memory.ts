import { readFileSync } from 'node:fs'

/** The most memory that a process has had at once, in bytes, shared program files included (proc_pid_status(5)). */
export function peakMemory(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}
