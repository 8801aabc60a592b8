import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'

/** The process of `pnpm dev` that a local folder belongs to, or belonged to if it was killed. */
export interface Owner {
  pid: number
  isRunning: boolean
}

/** `PID PORT`: the owner listens on the port as long as it runs. */
export function lockOf(folder: string): string {
  return join(folder, 'dev.lock')
}

export async function ownerOf(folder: string): Promise<Owner | undefined> {
  const lock = await readFile(lockOf(folder), 'utf8').catch(() => '')
  const [pid = 0, port = 0] = lock.split(' ').map(Number)
  return lock === '' ? undefined : { pid, isRunning: isRunning(pid) && (await isListening(port)) }
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    // It belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy())
  })
}
