import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePorts, portVariables, type Stack } from '@darkroom/local-stack'

/** A `pnpm dev` of its own: free ports, an empty folder. */
export interface DevStack extends Pick<Stack, 'endpoints' | 'stop'> {
  pid: number
}

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * @param onLine called with each line of output
 * @throws Error with the output if it exits before it is ready
 */
export async function startDev(onLine: (line: string) => void = () => {}): Promise<DevStack> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-'))
  const environment = { ...portVariables(await freePorts()), LOCAL_DIR: folder, NO_COLOR: '1' }
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const [, ...command] = scripts.dev.split(' ')
  const child = spawn(process.execPath, command, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const output: string[] = []
  const ready = new Promise<void>((resolve) => {
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        // What is printed later is a line for each image.
        if (output.length < 50) output.push(line)
        onLine(line)
        if (line.includes('Press Ctrl-C to stop')) resolve()
      })
    }
  })
  await Promise.race([ready, exited])
  if (child.exitCode !== null) throw new Error(output.join('\n'))
  return {
    pid: child.pid ?? 0,
    endpoints: JSON.parse(await readFile(join(folder, 'endpoints.json'), 'utf8')),
    async stop() {
      child.kill('SIGINT')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}
