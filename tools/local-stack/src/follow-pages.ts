import { readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { refreshPage } from '@darkroom/page/serve'
import { repositoryRoot } from './repository-root.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 50

/** The folders of the pages' sources, by name. */
export const PAGES: Record<string, string> = Object.fromEntries(
  ['web-app-1', 'web-app-2', 'dashboard'].map((name) => [name, join(repositoryRoot, 'apps', name, 'page')]),
)

/** Builds a page again when its sources change. `onLine` gets one line for each change. @returns ends it */
export function followPages(
  pages: Record<string, string>,
  onLine: (page: string, level: 'INFO' | 'ERROR', message: string) => void,
): () => void {
  const watchers = Object.entries(pages).flatMap(([name, source]) => {
    let timer: NodeJS.Timeout | undefined
    const refresh = async (file: string) => {
      const startedAt = Date.now()
      try {
        await refreshPage(source)
        onLine(name, 'INFO', `reloaded after ${Date.now() - startedAt} ms: ${file} has changed`)
      } catch (error) {
        onLine(
          name,
          'ERROR',
          `not reloaded, the last good version keeps running: ${(error as Error).message}`,
        )
      }
    }
    return foldersIn(source).map((folder) =>
      watch(folder, (_, file) => {
        if (!file || /^[.#]|\.test\.\w+$/.test(file)) return
        clearTimeout(timer)
        timer = setTimeout(() => refresh(file), SETTLE_MS)
      }),
    )
  })
  return () => {
    for (const watcher of watchers) watcher.close()
  }
}

/** Node's recursive watch misses files that are replaced. */
function foldersIn(source: string): string[] {
  const entries = readdirSync(source, { recursive: true, withFileTypes: true })
  return [
    source,
    ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)),
  ]
}
