import { join } from 'node:path'
import { downloadKafka } from './download-kafka.ts'
import { dockerJava, type JavaRuntime, localJava } from './java-runtime.ts'
import { KAFKA_VERSION } from './kafka-version.ts'
import { runCommand } from './run-command.ts'

const IMAGE = `apache/kafka:${KAFKA_VERSION}`
const MIN_JAVA_VERSION = 17

/** KAFKA_RUNTIME=docker or =java selects the runtime. */
const wanted = process.env.KAFKA_RUNTIME
const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java'

/** Docker if an engine is running, or the installed Java. @throws Error that says what to install */
export async function chooseRuntime(): Promise<JavaRuntime> {
  if (wanted !== 'java' && (await isDockerRunning())) return dockerJava(await pull(IMAGE))
  if (wanted !== 'docker' && (await javaVersion()) >= MIN_JAVA_VERSION)
    return localJava(java, await downloadKafka())
  throw new Error(await whatToInstall())
}

async function isDockerRunning(): Promise<boolean> {
  return (await runCommand('docker', ['info'], { timeoutMs: 10_000 })).ok
}

async function pull(image: string): Promise<string> {
  if ((await runCommand('docker', ['image', 'inspect', image], { timeoutMs: 10_000 })).ok) return image
  const outcome = await runCommand('docker', ['pull', '--quiet', image], { timeoutMs: 600_000 })
  if (outcome.ok) return image
  throw new Error(
    `Docker could not pull ${image}. Set KAFKA_RUNTIME=java to use Java instead.\n${outcome.output}`,
  )
}

/** The major version, or 0 if there is none. `java -version` prints `openjdk version "21.0.2" …`, before Java 9 `"1.8.0"`. */
async function javaVersion(): Promise<number> {
  const { output } = await runCommand(java, ['-version'], { timeoutMs: 10_000 })
  return Number(/version "(\d+)/.exec(output)?.[1] ?? 0)
}

async function whatToInstall(): Promise<string> {
  const version = await javaVersion()
  const found = version ? `Java ${version} as "${java}"` : `no Java as "${java}"`
  return [
    `Apache Kafka ${KAFKA_VERSION} needs Docker, or Java ${MIN_JAVA_VERSION} and Maven. Found: no running Docker engine, ${found}.`,
    'Install one of them:',
    '  Docker: https://docs.docker.com/get-started/get-docker/, and start it',
    '  Java and Maven: apt install openjdk-17-jre-headless maven (Debian, Ubuntu), brew install openjdk maven (macOS)',
    ...(wanted ? [`KAFKA_RUNTIME=${wanted} is set, so only that runtime was checked.`] : []),
  ].join('\n')
}
