import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const POLL_MS = 1000
const PACKAGE_MANAGER = /(^|\/)(pnpm|npm|npx)(\.\w+)?( |$)/
const SHELL_COMMAND = /^\S*sh -c /

interface Process {
  parent: number
  command: string
}

/**
 * Calls `onEnd` when a package manager that has started this process ends. Whoever kills pnpm does not reach what it has started, and
 * some of them do not pass a signal on.
 */
export async function whenLauncherEnds(onEnd: () => void): Promise<void> {
  const launchers = launchersOf(process.pid, await runningProcesses())
  const timer = setInterval(() => {
    if (launchers.every(isRunning)) return
    clearInterval(timer)
    onEnd()
  }, POLL_MS)
  timer.unref()
}

/** The package managers above a process, and the shells between them: not the user's shell. */
export function launchersOf(pid: number, processes: ReadonlyMap<number, Process>): number[] {
  const launchers: number[] = []
  const shells: number[] = []
  for (let id = processes.get(pid)?.parent; id !== undefined; id = processes.get(id)?.parent) {
    const command = processes.get(id)?.command ?? ''
    if (SHELL_COMMAND.test(command)) shells.push(id)
    else if (PACKAGE_MANAGER.test(command)) launchers.push(...shells.splice(0), id)
    else break
  }
  return launchers
}

/** Empty where there is no `ps`. */
async function runningProcesses(): Promise<Map<number, Process>> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args=']).catch(() => ({
    stdout: '',
  }))
  const rows = stdout.matchAll(/^ *(\d+) +(\d+) +(.*)$/gm)
  return new Map(
    Array.from(rows, ([, pid, parent, command = '']) => [Number(pid), { parent: Number(parent), command }]),
  )
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
