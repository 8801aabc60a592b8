import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'

/** Runs Java with Apache Kafka's jars on the class path. */
export interface JavaRuntime {
  /** The address that a server must listen on to be reachable at 127.0.0.1. */
  bindAddress: string
  run(program: JavaProgram): JavaProcess
}

interface JavaProgram {
  main: string
  args: string[]
  /** The path is the same inside and outside a container. */
  dataDir: string
  /** Ports that the program listens on. */
  ports?: number[]
}

export interface JavaProcess {
  /** The exit code, or null after a signal. */
  exited: Promise<number | null>
  hasExited(): boolean
  signal(name: 'SIGTERM' | 'SIGKILL'): void
  /** The end of its output, without stack frames and repeated lines. */
  output(): string
}

/** 256 MB: a broker for tests needs half of that. The first compiler alone: the second costs more than it gives to a short run. */
const JVM_OPTIONS = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=WARN']

const MAX_OUTPUT_CHARACTERS = 50_000
const STACK_FRAME = /^\s+(at |\.\.\. \d+ more)/

/** @param sendSignal needed if the child is only a client of the real process */
function startJava(
  command: string,
  args: string[],
  sendSignal: (child: ChildProcess, name: NodeJS.Signals) => void = (child, name) => child.kill(name),
): JavaProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const keep = (text: string) => {
    output = (output + text).slice(-MAX_OUTPUT_CHARACTERS)
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep)

  let running = true
  const stopChild = () => sendSignal(child, 'SIGKILL')
  process.once('exit', stopChild)
  const exited = new Promise<number | null>((resolve) => {
    const end = (code: number | null) => {
      running = false
      process.off('exit', stopChild)
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

/** The installed Java. */
export function localJava(java: string, jars: string): JavaRuntime {
  return {
    bindAddress: '127.0.0.1',
    run: ({ main, args }) => startJava(java, [...JVM_OPTIONS, '-cp', join(jars, '*'), main, ...args]),
  }
}

/**
 * The Java in the `apache/kafka` image. It runs the jars directly instead of the image's start script, so that both
 * runtimes use the same properties and the same data directory with our owner.
 */
export function dockerJava(image: string): JavaRuntime {
  return {
    bindAddress: '0.0.0.0',
    run: (program) => {
      const name = `darkroom-kafka-${randomUUID()}`
      return startJava('docker', dockerRun(image, name, program), (_client, signal) => {
        // Killing the client would leave its container running.
        spawnSync('docker', ['kill', '--signal', signal, name], { stdio: 'ignore' })
      })
    },
  }
}

function dockerRun(image: string, name: string, { main, args, dataDir, ports = [] }: JavaProgram): string[] {
  const owner = process.getuid ? ['--user', `${process.getuid()}:${process.getgid?.()}`] : []
  const published = ports.flatMap((port) => ['--publish', `127.0.0.1:${port}:${port}`])
  const container = ['--rm', '--name', name, '--volume', `${dataDir}:${dataDir}`, ...owner, ...published]
  const java = ['--entrypoint', 'java', image, ...JVM_OPTIONS, '-cp', '/opt/kafka/libs/*', main, ...args]
  return ['run', ...container, ...java]
}
