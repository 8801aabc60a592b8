import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A version of each file that a build has read, by its path. */
export type FileVersions = Map<string, string>

/** File systems take times from a clock with ticks of up to 10 ms. */
const CLOCK_TICK_MS = 10

/**
 * @param files absolute. The package.json of each is added: it names the files that other packages import
 * @param begun when the build began, in milliseconds since 1970. It may have read an earlier version of a file that was edited
 *   since then, so such a file counts as changed
 */
export function versionsOf(files: Iterable<string>, begun: number): FileVersions {
  const own = [...files]
  const folders = new Set(own.filter(isOurs).map((path) => dirname(path)))
  const packages = Array.from(folders, packageOf).filter((path) => path !== undefined)
  const isEdited = (path: string) => {
    const { mtimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {}
    return mtimeMs > begun - CLOCK_TICK_MS
  }
  return new Map([...own, ...packages].map((path) => [path, isEdited(path) ? 'edited' : versionOf(path)]))
}

/** Whether all files are as they were. */
export function areUnchanged(versions: FileVersions): boolean {
  return [...versions].every(([path, version]) => versionOf(path) === version)
}

/** Of our own files the content; of dependencies, which hardly ever change, what is read faster. */
function versionOf(path: string): string {
  try {
    if (isOurs(path)) return createHash('sha1').update(readFileSync(path)).digest('base64')
    const { size, mtimeMs } = statSync(path)
    return `${size} ${mtimeMs}`
  } catch {
    return 'missing'
  }
}

const isOurs = (path: string) => !path.includes('node_modules')

function packageOf(folder: string): string | undefined {
  const path = join(folder, 'package.json')
  const parent = dirname(folder)
  return existsSync(path) ? path : parent === folder ? undefined : packageOf(parent)
}
