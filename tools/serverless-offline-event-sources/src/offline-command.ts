import type { PluginManager } from './serverless.ts'

export type OfflineStages = Record<'prepare' | 'start' | 'stop', () => Promise<void>>

const OFFLINE = 'ServerlessOffline'

/**
 * `serverless offline start` is three lifecycle events with room for other plugins between them.
 * `serverless offline` is one: it starts, waits for a signal and exits the process inside a single
 * hook. This replaces that hook by the same three steps of the same plugin, with ours in between.
 */
export function stageOfflineCommand(
  pluginManager: PluginManager,
  { start, stop }: Pick<OfflineStages, 'start' | 'stop'>,
): void {
  const entry = pluginManager.hooks['offline:start']?.find(({ pluginName }) => pluginName === OFFLINE)
  const offline = pluginManager.getPlugins().find((plugin) => plugin.constructor.name === OFFLINE)
  if (!entry || !offline) return
  entry.hook = async () => {
    await offline.hooks?.['offline:start:init']?.()
    await start()
    await offline.hooks?.['offline:start:ready']?.()
    await stop()
    await offline.hooks?.['offline:start:end']?.()
  }
}
