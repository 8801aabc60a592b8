import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { join, relative } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'
import type { Reloadable } from './reload-on-change.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 50

/** The folders with the sources of tools. */
export const sourcesOfTools = (...names: string[]) =>
  names.map((name) => join(repositoryRoot, 'tools', name, 'src'))

/**
 * Calls `warn` after a change in one of the folders that is only effective after a restart.
 *
 * @param reloadable what is loaded again while it runs
 * @returns ends it
 */
export function followServers(
  folders: readonly string[],
  reloadable: Pick<Reloadable, 'names' | 'sourcesOf'>,
  warn: (message: string) => void,
): () => void {
  const isReloaded = (path: string) => reloadable.names.some((name) => reloadable.sourcesOf(name).has(path))
  const onChange = (path: string) => {
    if (isReloaded(path)) return
    warn(`Restart pnpm dev: ${relative(repositoryRoot, path)} has changed, which runs the stack.`)
  }
  const timers = new Map<string, NodeJS.Timeout>()
  const changed = (path: string) => {
    clearTimeout(timers.get(path))
    timers.set(
      path,
      setTimeout(() => onChange(path), SETTLE_MS),
    )
  }
  const watchers = folders
    .flatMap(foldersIn)
    .map(
      (folder): FSWatcher =>
        watch(folder, (_, name) => name && isSource(name) && changed(join(folder, name))),
    )
  return () => {
    for (const timer of timers.values()) clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}

/** Not tests, nor the files that editors write beside. */
const isSource = (name: string) => /^[^.#].*\.ts$/.test(name) && !name.endsWith('.test.ts')

/** A folder and those in it. Node's recursive watch misses files that are replaced. */
function foldersIn(source: string): string[] {
  const entries = readdirSync(source, { recursive: true, withFileTypes: true })
  return [
    source,
    ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)),
  ]
}
