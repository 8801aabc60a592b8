import type { PluginManager } from './serverless.ts'

export type OfflineStages = Record<'prepare' | 'start' | 'stop', () => Promise<void>>

const OFFLINE = 'ServerlessOffline'

/**
 * `serverless offline start` has three lifecycle events, and other plugins can hook in between.
 * `serverless offline` has one: a single hook starts, waits for a signal and exits the process. This
 * replaces that hook with the same three steps and adds ours in between.
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
