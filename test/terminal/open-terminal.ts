import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const repositoryRoot = join(import.meta.dirname, '../..')

export interface Terminal {
  columns: number
  /** Everything so far, with its control characters. */
  readonly output: string
  press(key: string): void
  /** Resolves when a text has been written so many times. @throws Error if the program ends before */
  sees(text: string, times?: number): Promise<void>
  ended: Promise<unknown>
}

/** Runs a program of this repository in a pseudo-terminal. */
export function openTerminal(
  program: string,
  { columns, environment }: { columns: number; environment: Record<string, string> },
): Terminal {
  const command = `stty cols ${columns} rows 60; exec ${process.execPath} --disable-warning=ExperimentalWarning ${program}`
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: repositoryRoot,
    env: { ...inherited, TERM: 'xterm-256color', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const ended = once(child, 'close')
  return {
    columns,
    get output() {
      return output
    },
    press: (key) => child.stdin.write(key),
    async sees(text, times = 1) {
      while (stripVTControlCharacters(output).split(text).length <= times) {
        const more = once(child.stdout, 'data')
        if ((await Promise.race([more, ended.then(() => 'ended')])) === 'ended')
          throw new Error(`The program has ended:\n${output}`)
      }
    },
    ended,
  }
}
