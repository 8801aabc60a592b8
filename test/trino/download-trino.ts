import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../kafka/run-command.ts'

/** The last version that Maven Central has as one file. It needs Java 24. Athena does not document its Trino version. */
const VERSION = '476'
const ARTIFACT = `io.trino:trino-server:${VERSION}:tar.gz`
const CACHE = fileURLToPath(new URL(`../../node_modules/.cache/darkroom/trino-${VERSION}`, import.meta.url))
/** The connectors in use. Fifty others are deleted. */
const CONNECTORS = ['hive', 'iceberg']

/**
 * Downloads Trino from Maven Central (820 MB) once.
 * @returns its folder
 */
export async function downloadTrino(): Promise<string> {
  if (existsSync(CACHE)) return CACHE
  await mkdir(dirname(CACHE), { recursive: true })
  const folder = await mkdtemp(`${CACHE}-`)
  try {
    await unpack(folder)
    for (const plugin of await readdir(join(folder, 'plugin'))) {
      if (!CONNECTORS.includes(plugin)) await rm(join(folder, 'plugin', plugin), { recursive: true })
    }
    await rename(folder, CACHE)
    return CACHE
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function unpack(folder: string): Promise<void> {
  const archive = join(folder, `trino-server-${VERSION}.tar.gz`)
  await run('mvn', ['--batch-mode', '--quiet', COPY, `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${folder}`])
  await run('tar', ['xzf', archive, '-C', folder, '--strip-components=1'])
  await rm(archive)
}

/** https://maven.apache.org/plugins/maven-dependency-plugin/copy-mojo.html */
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'

async function run(command: string, args: string[]): Promise<void> {
  const { ok, output } = await runCommand(command, args, { timeoutMs: 280_000 })
  if (!ok) throw new Error(`Trino could not be downloaded with Maven and tar: ${output.slice(0, 2000)}`)
}
