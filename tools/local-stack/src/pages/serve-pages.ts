import { fileURLToPath } from 'node:url'
import type { Reloadable } from '../reload/reload-on-change.ts'
import type { PageContext, PageModule } from './page-server.ts'
import { type ServedPage, servePage } from './serve-page.ts'

/** In the order of their start. Each is loaded again after an edit of what it uses. */
const PAGES: Record<string, () => Promise<PageModule>> = {
  'web-app-1': () => import('./web-app-1.ts'),
  'web-app-2': () => import('./web-app-2.ts'),
  dashboard: () => import('./dashboard.ts'),
}

export interface ServedPages extends Reloadable {
  stop(): Promise<void>
}

/** Starts the servers of the pages, one after the other. @throws Error if one cannot be built or started: none runs then */
export async function servePages(
  context: PageContext,
  onReady: (name: string) => void,
): Promise<ServedPages> {
  const served = new Map<string, ServedPage>()
  const stop = async () => {
    for (const page of [...served.values()].reverse()) await page.stop()
  }
  try {
    for (const [name, load] of Object.entries(PAGES)) {
      served.set(name, await servePage(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), load, context))
      onReady(name)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return {
    names: Object.keys(PAGES),
    sourcesOf: (name) => served.get(name)?.sources() ?? new Set(),
    async reload(names, paths) {
      const errors: unknown[] = []
      // One after the other: a build that ends stops esbuild for those that other loads of its module have begun.
      for (const name of names)
        await served
          .get(name)
          ?.reload(paths)
          .catch((error) => errors.push(error))
      if (errors.length > 0) throw errors[0]
      return []
    },
    stop,
  }
}
