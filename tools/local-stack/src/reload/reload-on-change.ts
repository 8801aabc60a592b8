import { type FSWatcher, watch } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { describeFailure } from '../describe-failure.ts'
import { repositoryRoot } from '../repository-root.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 50

/** Services or pages. */
export interface Reloadable {
  names: readonly string[]
  /** Files of the last good version, absolute. */
  sourcesOf(name: string): ReadonlySet<string>
  /**
   * @param paths the changed files, absolute
   * @returns those that need a new start
   * @throws what ran before keeps running
   */
  reload(names: readonly string[], paths: readonly string[]): Promise<string[]>
}

export type Log = Record<'notice' | 'warning' | 'error', (message: string) => void>

const RESTART =
  'Restart pnpm dev: serverless.yml has other routes, triggers, handlers, packaging or resources than the running service.'

/**
 * Reloads those whose sources change, those in packages included, all at once, and logs one line.
 *
 * @param logOf the log of some of them
 */
export function reloadOnChange(
  reloadable: Reloadable,
  logOf: (names: readonly string[]) => Log,
): { stop(): Promise<void> } {
  const watchers = new Map<string, FSWatcher>()
  const changes = new Set<string>()
  /** What a failed build has left behind. */
  let pending: string[] = []
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()

  /** Folders instead of files, because editors replace files. */
  const follow = () => {
    for (const folder of new Set(reloadable.names.flatMap((name) => foldersOf(reloadable.sourcesOf(name))))) {
      if (!watchers.has(folder))
        watchers.set(
          folder,
          watch(folder, (_, name) => changed(folder, name)),
        )
    }
  }
  const changed = (folder: string, name: string | null) => {
    if (!isSource(name)) return
    changes.add(join(folder, name))
    clearTimeout(timer)
    timer = setTimeout(() => {
      running = running.then(reload)
    }, SETTLE_MS)
  }
  /** After a mistake, a file that none has read may be the one that an import needs. */
  const uses = (name: string, paths: readonly string[]) => {
    const isRead = (path: string) => reloadable.names.some((other) => reloadable.sourcesOf(other).has(path))
    const folders = new Set(foldersOf(reloadable.sourcesOf(name)))
    return paths.some((path) =>
      isRead(path) ? reloadable.sourcesOf(name).has(path) : pending.length > 0 && folders.has(dirname(path)),
    )
  }
  const reload = async () => {
    const startedAt = Date.now()
    const paths = [...changes]
    changes.clear()
    const allPaths = [...pending, ...paths]
    const names = reloadable.names.filter((name) => uses(name, allPaths))
    if (names.length === 0) return
    const log = logOf(names)
    try {
      const needRestart = await reloadable.reload(names, allPaths)
      pending = []
      log.notice(`reloaded after ${Date.now() - startedAt} ms: ${describeAll(paths)} changed`)
      for (const name of needRestart) logOf([name]).warning(RESTART)
      follow()
    } catch (error) {
      pending = allPaths
      log.error(`not reloaded, the last good version keeps running: ${describeFailure(error)}`)
    }
  }
  follow()
  return {
    /** Waits for a reload that runs. */
    async stop() {
      clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
      await running
    },
  }
}

const foldersOf = (sources: ReadonlySet<string>) => [...sources].filter(isOurs).map((path) => dirname(path))

function isOurs(path: string): boolean {
  return path.startsWith(join(repositoryRoot, sep)) && !path.includes('node_modules')
}

/** Not tests, nor the files that editors write beside. */
function isSource(name: string | null): name is string {
  return (
    name !== null && /^[^.#].*\.(tsx?|json|yml|cjs|html|css|svg)$/.test(name) && !name.endsWith('.test.ts')
  )
}

function describeAll([first = '', ...others]: readonly string[]): string {
  const path = relative(repositoryRoot, first)
  return others.length === 0 ? `${path} has` : `${path} and ${others.length} more have`
}
