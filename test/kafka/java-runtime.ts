import { type ChildProcess, spawn } from 'node:child_process'

/** Something that runs Java with Apache Kafka's jars on its class path. */
export interface JavaRuntime {
  /** what a server listens on there to be reached at 127.0.0.1 here */
  bindAddress: string
  run(program: JavaProgram): JavaProcess
}

export interface JavaProgram {
  main: string
  args: string[]
  /** the same path there as here */
  dataDir: string
  /** that it listens on, if it does */
  ports?: number[]
}

export interface JavaProcess {
  /** the exit code, null after a signal */
  exited: Promise<number | null>
  hasExited(): boolean
  signal(name: 'SIGTERM' | 'SIGKILL'): void
  /** the end of what it printed, without stack frames and repetitions */
  output(): string
}

/** 256 MB: a broker for tests lives in half of it. Kafka warns of what matters and is otherwise quiet. */
export const JVM_OPTIONS = ['-Xmx256m', '-XX:+UseSerialGC', '-Dlog4j2.level=WARN']

const OUTPUT_KEPT = 50_000
const STACK_FRAME = /^\s+(at |\.\.\. \d+ more)/

/** @param sendSignal for where the child is only the messenger */
export function startJava(
  command: string,
  args: string[],
  sendSignal: (child: ChildProcess, name: NodeJS.Signals) => void = (child, name) => child.kill(name),
): JavaProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const keep = (text: string) => {
    output = (output + text).slice(-OUTPUT_KEPT)
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep)

  let running = true
  const stopWithUs = () => sendSignal(child, 'SIGKILL')
  process.once('exit', stopWithUs)
  const exited = new Promise<number | null>((resolve) => {
    const end = (code: number | null) => {
      running = false
      process.off('exit', stopWithUs)
      resolve(code)
    }
    child.once('close', end)
    child.once('error', (error) => {
      keep(error.message)
      end(null)
    })
  })
  return {
    exited,
    hasExited: () => !running,
    signal: (name) => running && sendSignal(child, name),
    output: () => readable(output),
  }
}

function readable(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() && !STACK_FRAME.test(line))
  return [...new Set(lines)].slice(-20).join('\n')
}
