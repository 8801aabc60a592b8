import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { inputsOf, refreshPage } from '@darkroom/page/serve'
import { describeFailure } from './describe-failure.ts'
import { repositoryRoot } from './repository-root.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 50

/** The folders of the pages' sources, by name. */
export const PAGES: Record<string, string> = Object.fromEntries(
  ['web-app-1', 'web-app-2', 'dashboard'].map((name) => [name, join(repositoryRoot, 'apps', name, 'page')]),
)

type OnLine = (page: string, level: 'INFO' | 'ERROR', message: string) => void

/**
 * Builds a page again when its sources change, or those of a package that it uses. `onLine` gets one line for each change.
 *
 * @returns ends it
 */
export function followPages(pages: Record<string, string>, onLine: OnLine): () => void {
  const stops = Object.entries(pages).map(([name, source]) => followPage(name, source, onLine))
  return () => {
    for (const stop of stops) stop()
  }
}

function followPage(name: string, source: string, onLine: OnLine): () => void {
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  const follow = () => {
    for (const folder of new Set([...foldersIn(source), ...foldersOfPackages(source)])) {
      if (!watchers.has(folder))
        watchers.set(
          folder,
          watch(folder, (_, file) => changed(file)),
        )
    }
  }
  const changed = (file: string | null) => {
    if (!file || /^[.#]|\.test\.\w+$/.test(file)) return
    clearTimeout(timer)
    timer = setTimeout(() => refresh(file), SETTLE_MS)
  }
  const refresh = async (file: string) => {
    const startedAt = Date.now()
    try {
      await refreshPage(source)
      onLine(name, 'INFO', `reloaded after ${Date.now() - startedAt} ms: ${file} has changed`)
      follow()
    } catch (error) {
      onLine(name, 'ERROR', `not reloaded, the last good version keeps running: ${describeFailure(error)}`)
    }
  }
  follow()
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers.values()) watcher.close()
  }
}

/** A folder and those in it. Node's recursive watch misses files that are replaced. */
export function foldersIn(source: string): string[] {
  const entries = readdirSync(source, { recursive: true, withFileTypes: true })
  return [
    source,
    ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)),
  ]
}

function foldersOfPackages(source: string): string[] {
  return inputsOf(source)
    .filter((path) => !path.includes(`${sep}node_modules${sep}`))
    .map((path) => dirname(path))
}
