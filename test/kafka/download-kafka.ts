import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KAFKA_VERSION, POM } from './kafka-version.ts'
import { runCommand } from './run-command.ts'

const CACHE = fileURLToPath(
  new URL(`../../node_modules/.cache/darkroom/kafka-${KAFKA_VERSION}`, import.meta.url),
)
const INSTALL_MAVEN = 'Install it: apt install maven (Debian, Ubuntu), brew install maven (macOS).'

/**
 * Downloads Apache Kafka's jars from Maven Central (43 MB) once.
 * @returns their folder
 * @throws Error if Maven is missing or the download fails
 */
export async function downloadKafka(): Promise<string> {
  if (existsSync(CACHE)) return CACHE
  if (!(await runCommand('mvn', ['--version'], { timeoutMs: 30_000 })).ok) {
    throw new Error(`Maven is needed to download Apache Kafka, and mvn was not found. ${INSTALL_MAVEN}`)
  }
  await mkdir(dirname(CACHE), { recursive: true })
  const folder = await mkdtemp(`${CACHE}-`)
  try {
    await copyDependencies(folder)
    return await keep(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function copyDependencies(folder: string): Promise<void> {
  const what = ['--file', fileURLToPath(POM), 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`]
  const outcome = await runCommand('mvn', ['--batch-mode', '--quiet', ...what], { timeoutMs: 600_000 })
  if (outcome.ok) return
  throw new Error(
    `Maven could not download Apache Kafka ${KAFKA_VERSION}:\n${outcome.output.slice(0, 2_000)}`,
  )
}

/** A folder with the final name is complete. If two processes downloaded in parallel, the first one is kept. */
async function keep(folder: string): Promise<string> {
  await rename(folder, CACHE).catch((cause) => {
    if (!existsSync(CACHE)) throw cause
  })
  return CACHE
}
