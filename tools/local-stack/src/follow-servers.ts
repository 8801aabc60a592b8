import { type FSWatcher, watch } from 'node:fs'
import { join, relative } from 'node:path'
import { foldersIn } from './follow-pages.ts'
import { repositoryRoot } from './repository-root.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 50

/** The sources of what runs in the process of `pnpm dev` itself, and cannot be loaded a second time. */
export const SERVERS = [
  ...['web-app-1', 'web-app-2', 'dashboard'].map((name) => join('apps', name, 'src')),
  ...['kafka-connection', 'page'].map((name) => join('packages', name, 'src')),
  ...['local-aws', 'local-kafka', 'local-stack'].map((name) => join('tools', name, 'src')),
].map((folder) => join(repositoryRoot, folder))

/**
 * Calls back with the path of a file that has changed, relative to the repository's root: the change is effective after a restart.
 *
 * @returns ends it
 */
export function followServers(sources: readonly string[], onChange: (path: string) => void): () => void {
  const timers = new Map<string, NodeJS.Timeout>()
  const changed = (path: string) => {
    clearTimeout(timers.get(path))
    timers.set(
      path,
      setTimeout(() => onChange(relative(repositoryRoot, path)), SETTLE_MS),
    )
  }
  const watchers = sources
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
