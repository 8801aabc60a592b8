import { type FSWatcher, watch } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { BuildFailure, Message } from 'esbuild'
import { repositoryRoot } from '../repository-root.ts'
import type { HostedService } from './hosted-service.ts'
import type { Log } from './serverless.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 50

const RESTART =
  'Restart pnpm dev: serverless.yml has other routes, triggers, handlers or resources than the running service.'

/** Reloads a service whenever one of its sources changes, those in packages included, and logs one line. */
export function reloadOnChange(service: HostedService, log: Log): { stop(): void } {
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()

  /** Folders instead of files, because editors replace files. */
  const follow = () => {
    const folders = new Set([...service.sources()].filter(isOurs).map((path) => dirname(path)))
    for (const folder of folders) {
      if (!watchers.has(folder))
        watchers.set(
          folder,
          watch(folder, (_, name) => changed(folder, name)),
        )
    }
  }
  const changed = (folder: string, name: string | null) => {
    if (!isSource(name)) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      running = running.then(() => reload(relative(repositoryRoot, `${folder}/${name}`)))
    }, SETTLE_MS)
  }
  const reload = async (path: string) => {
    const startedAt = Date.now()
    try {
      const { needsRestart } = await service.reload()
      log.notice(`reloaded after ${Date.now() - startedAt} ms: ${path} has changed`)
      if (needsRestart) log.warning(RESTART)
      follow()
    } catch (error) {
      const { errors } = error as BuildFailure
      const places = errors?.map(describe).join('; ') ?? (error as Error).message
      log.error(`not reloaded, the last good version keeps running: ${places}`)
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

function isOurs(path: string): boolean {
  return path.startsWith(join(repositoryRoot, sep)) && !path.includes('node_modules')
}

/** Not tests, nor the files that editors write beside. */
function isSource(name: string | null): name is string {
  return name !== null && /^[^.#].*\.(ts|json|yml|cjs)$/.test(name) && !name.endsWith('.test.ts')
}

function describe({ text, location }: Message): string {
  return location ? `${location.file}:${location.line}:${location.column + 1} ${text}` : text
}
