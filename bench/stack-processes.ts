import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** A process of the stack. */
export interface StackProcess {
  pid: number
  name: string
  megabytes: number
}

/** What the process that is started with such a command does. */
const PROCESS_NAMES: [RegExp, string][] = [
  [/dev\.ts/, 'pnpm dev: S3, SQS, Kafka, pages'],
  [/host\.ts/, 'services'],
  [/engine-process/, 'image engines'],
]

/** Linux counts processor time in these. */
const TICKS_PER_SECOND = 100

/** The stack's processes with their resident memory. The bench itself is not among them. */
export async function stackProcesses(root: number): Promise<StackProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss=,args='])
  const rows = Array.from(
    stdout.matchAll(/^ *(\d+) +(\d+) +(\d+) (.*)$/gm),
    ([, pid, parent, rss, command = '']) => ({
      pid: Number(pid),
      parent: Number(parent),
      name: PROCESS_NAMES.find(([pattern]) => pattern.test(command))?.[1] ?? command,
      megabytes: Number(rss) / 1024,
    }),
  )
  const family = new Set([root])
  for (let size = 0; size < family.size; ) {
    size = family.size
    for (const { pid, parent } of rows) if (family.has(parent)) family.add(pid)
  }
  return rows.filter(({ pid }) => family.has(pid))
}

/** The processor time of the stack's processes and of their children that have ended. Zero where there is no `/proc`. */
export async function stackProcessorMs(root: number): Promise<number> {
  const times = (await stackProcesses(root)).map(async ({ pid }) => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    // utime, stime, cutime, cstime, after the name, which may contain spaces. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
    return fields.reduce((sum, ticks) => sum + Number(ticks), 0)
  })
  const ticks = (await Promise.all(times)).reduce((sum, own) => sum + own, 0)
  return (ticks / TICKS_PER_SECOND) * 1000
}
