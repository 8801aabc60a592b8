import { type FSWatcher, watch } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { describeFailure } from '../describe-failure.ts'
import { repositoryRoot } from '../repository-root.ts'
import type { HostedServices } from './hosted-services.ts'
import type { Log } from './serverless.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 50

const RESTART =
  'Restart pnpm dev: serverless.yml has other routes, triggers, handlers, packaging or resources than the running service.'

/**
 * Reloads the services whose sources change, those in packages included, all in one build, and logs one line.
 *
 * @param logOf the log of a service, or of `3 services`
 */
export function reloadOnChange(services: HostedServices, logOf: (name: string) => Log): { stop(): void } {
  const watchers = new Map<string, FSWatcher>()
  const changes = new Set<string>()
  /** What a failed build has left behind. */
  let pending: string[] = []
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()

  /** Folders instead of files, because editors replace files. */
  const follow = () => {
    for (const folder of new Set(services.names.flatMap((name) => foldersOf(services.sourcesOf(name))))) {
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
  /** A file that no service has read may be the one that an import needs. */
  const uses = (name: string, paths: readonly string[]) => {
    const isRead = (path: string) => services.names.some((other) => services.sourcesOf(other).has(path))
    const folders = new Set(foldersOf(services.sourcesOf(name)))
    return paths.some((path) =>
      isRead(path) ? services.sourcesOf(name).has(path) : folders.has(dirname(path)),
    )
  }
  const reload = async () => {
    const startedAt = Date.now()
    const paths = [...changes]
    changes.clear()
    const allPaths = [...pending, ...paths]
    const names = services.names.filter((name) => uses(name, allPaths))
    if (names.length === 0) return
    const log = logOf(names.length === 1 ? String(names[0]) : `${names.length} services`)
    try {
      const needRestart = await services.reload(names, allPaths)
      pending = []
      log.notice(`reloaded after ${Date.now() - startedAt} ms: ${describeAll(paths)} changed`)
      for (const name of needRestart) logOf(name).warning(RESTART)
      follow()
    } catch (error) {
      pending = allPaths
      log.error(`not reloaded, the last good version keeps running: ${describeFailure(error)}`)
    }
  }
  follow()
  return {
    stop() {
      clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}

const foldersOf = (sources: ReadonlySet<string>) => [...sources].filter(isOurs).map((path) => dirname(path))

function isOurs(path: string): boolean {
  return path.startsWith(join(repositoryRoot, sep)) && !path.includes('node_modules')
}

/** Not tests, nor the files that editors write beside. */
function isSource(name: string | null): name is string {
  return name !== null && /^[^.#].*\.(ts|json|yml|cjs)$/.test(name) && !name.endsWith('.test.ts')
}

function describeAll([first = '', ...others]: readonly string[]): string {
  const path = relative(repositoryRoot, first)
  return others.length === 0 ? `${path} has` : `${path} and ${others.length} more have`
}
