import { describeLoadFailure } from '../reload/describe-load-failure.ts'
import { filesOf, loadAgain } from '../reload/loaded-modules.ts'
import type { PageContext, PageModule } from './page-server.ts'

export interface ServedPage {
  /** Files of the server and of the page's last good build, absolute. */
  sources(): ReadonlySet<string>
  /** Loads and starts the server again if it uses one of the files, or else builds the page. */
  reload(paths: readonly string[]): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts the server of a page.
 *
 * @param load imports the module in `file` for the first time
 */
export async function servePage(
  file: string,
  load: () => Promise<PageModule>,
  context: PageContext,
): Promise<ServedPage> {
  let module = await load()
  let server = await module.start(context)
  const inputs = () => new Set(module.inputsOf(module.source))
  const replace = async (fresh: PageModule, isPageChanged: boolean) => {
    // Its server then starts at once, and not at all if its page cannot be built.
    if (isPageChanged) await fresh.refreshPage(fresh.source)
    await server.stop()
    try {
      server = await fresh.start(context)
      module = fresh
    } catch (error) {
      server = await module.start(context)
      throw error
    }
  }
  return {
    sources: () => new Set([...filesOf(file), ...inputs()]),
    async reload(paths) {
      const files = filesOf(file)
      if (!paths.some((path) => files.has(path))) return module.refreshPage(module.source)
      const fresh = await loadAgain<PageModule>(file).catch((error) => describeLoadFailure(file, error))
      await replace(
        fresh,
        paths.some((path) => inputs().has(path)),
      )
    },
    stop: () => server.stop(),
  }
}
