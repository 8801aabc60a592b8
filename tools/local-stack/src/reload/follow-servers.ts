import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { join, relative } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 50

/** The sources of what runs the stack itself: S3, SQS, Kafka and the process of the services, with its plugins. */
export const SERVERS = [
  'local-aws',
  'local-kafka',
  'local-stack',
  'terminal',
  'serverless-offline-event-sources',
  'api-docs',
].map((name) => join(repositoryRoot, 'tools', name, 'src'))

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

/** A folder and those in it. Node's recursive watch misses files that are replaced. */
function foldersIn(source: string): string[] {
  const entries = readdirSync(source, { recursive: true, withFileTypes: true })
  return [
    source,
    ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)),
  ]
}
