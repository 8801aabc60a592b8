import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const LEAST = 24
/** Where Linux distributions put theirs. */
const FOLDER = '/usr/lib/jvm'

/** The home of a Java that Trino can run on: `JAVA_HOME`, or one that is installed. @throws Error if there is none */
export function findJava(): string {
  const installed = existsSync(FOLDER) ? readdirSync(FOLDER).map((name) => join(FOLDER, name)) : []
  const homes = [process.env.JAVA_HOME ?? '', ...installed].filter((home) =>
    existsSync(join(home, 'bin/java')),
  )
  const home = homes.find((home) => versionOf(home) >= LEAST)
  if (home) return home
  throw new Error(
    `Trino needs Java ${LEAST} or newer, and there is none in ${FOLDER}. JAVA_HOME may name one.`,
  )
}

/** https://openjdk.org/jeps/223 */
function versionOf(home: string): number {
  const release = execFileSync(join(home, 'bin/java'), ['--version'], { encoding: 'utf8' })
  return Number(/ (\d+)/.exec(release)?.[1])
}
