import { join } from 'node:path'
import { dockerJava } from './docker-java.ts'
import { downloadKafka } from './download-kafka.ts'
import type { JavaRuntime } from './java-runtime.ts'
import { KAFKA_VERSION } from './kafka-version.ts'
import { localJava } from './local-java.ts'
import { outcomeOf } from './outcome-of.ts'

const IMAGE = `apache/kafka:${KAFKA_VERSION}`
const OLDEST_JAVA = 17

/** KAFKA_RUNTIME=docker or =java decides where both would do. */
const wanted = process.env.KAFKA_RUNTIME
const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java'

/** Docker where an engine answers, else this machine's Java. @throws Error that says what to install */
export async function chooseRuntime(): Promise<JavaRuntime> {
  if (wanted !== 'java' && (await dockerAnswers())) return dockerJava(await pulled(IMAGE))
  if (wanted !== 'docker' && (await javaVersion()) >= OLDEST_JAVA)
    return localJava(java, await downloadKafka())
  throw new Error(await whatToInstall())
}

async function dockerAnswers(): Promise<boolean> {
  return (await outcomeOf('docker', ['info'], { timeoutMs: 10_000 })).ok
}

async function pulled(image: string): Promise<string> {
  if ((await outcomeOf('docker', ['image', 'inspect', image], { timeoutMs: 10_000 })).ok) return image
  const pull = await outcomeOf('docker', ['pull', '--quiet', image], { timeoutMs: 600_000 })
  if (pull.ok) return image
  throw new Error(`Docker could not pull ${image}. KAFKA_RUNTIME=java does without it.\n${pull.output}`)
}

/** The major version, 0 if there is none. `java -version` says `openjdk version "21.0.2" …`, before Java 9 `"1.8.0"`. */
async function javaVersion(): Promise<number> {
  const { output } = await outcomeOf(java, ['-version'], { timeoutMs: 10_000 })
  return Number(/version "(\d+)/.exec(output)?.[1] ?? 0)
}

async function whatToInstall(): Promise<string> {
  const version = await javaVersion()
  const found = version ? `Java ${version} as "${java}"` : `no Java as "${java}"`
  return [
    `Apache Kafka ${KAFKA_VERSION} needs Docker, or Java ${OLDEST_JAVA} and Maven. Found: no Docker engine that answers, ${found}.`,
    'Install one of the two:',
    '  Docker: https://docs.docker.com/get-started/get-docker/, and start it',
    '  Java and Maven: apt install openjdk-17-jre-headless maven (Debian, Ubuntu), brew install openjdk maven (macOS)',
    ...(wanted ? [`KAFKA_RUNTIME=${wanted} is set: only that one was considered.`] : []),
  ].join('\n')
}
