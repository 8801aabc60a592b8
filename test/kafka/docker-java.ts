import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { type JavaProgram, type JavaRuntime, JVM_OPTIONS, startJava } from './java-runtime.ts'

/**
 * The Java inside the `apache/kafka` image. Its jars are run as local ones are, past the image's own start
 * script, so that both ways share one set of properties and one data directory with our own owner.
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
