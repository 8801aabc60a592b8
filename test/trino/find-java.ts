import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const MIN_VERSION = 24
/** The folder of Linux distributions. */
const FOLDER = '/usr/lib/jvm'

/** The home of a Java that can run Trino: `JAVA_HOME`, or an installed one. @throws Error if there is none */
export function findJava(): string {
  const installed = existsSync(FOLDER) ? readdirSync(FOLDER).map((name) => join(FOLDER, name)) : []
  const homes = [process.env.JAVA_HOME ?? '', ...installed].filter((home) =>
    existsSync(join(home, 'bin/java')),
  )
  const home = homes.find((home) => versionOf(home) >= MIN_VERSION)
  if (home) return home
  throw new Error(
    `Trino needs Java ${MIN_VERSION} or newer, and there is none in ${FOLDER}. Install one, or set JAVA_HOME.`,
  )
}

/** https://openjdk.org/jeps/223 */
function versionOf(home: string): number {
  const release = execFileSync(join(home, 'bin/java'), ['--version'], { encoding: 'utf8' })
  return Number(/ (\d+)/.exec(release)?.[1])
}
