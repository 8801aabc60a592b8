import { expect, test } from '@jest/globals'
import { stageOfflineCommand } from './offline-command.ts'

function framework(...plugins: { hooks: Record<string, () => Promise<void>> }[]) {
  const hooks: Record<string, { pluginName: string; hook: () => Promise<void> }[]> = {}
  for (const plugin of plugins) {
    for (const [event, hook] of Object.entries(plugin.hooks)) {
      hooks[event] ??= []
      hooks[event].push({ pluginName: plugin.constructor.name, hook })
    }
  }
  return { getPlugins: () => plugins, hooks }
}

test('`offline` runs the stages of `offline start` and keeps the hooks of other plugins', async () => {
  const passed: string[] = []
  const pass = (stage: string) => async () => {
    passed.push(stage)
  }
  class ServerlessOffline {
    hooks = {
      'offline:start': pass('everything at once'),
      'offline:start:init': pass('init'),
      'offline:start:ready': pass('ready'),
      'offline:start:end': pass('end'),
    }
  }
  class Other {
    hooks = { 'offline:start': pass('other') }
  }
  const pluginManager = framework(new Other(), new ServerlessOffline())
  stageOfflineCommand(pluginManager, { start: pass('start'), stop: pass('stop') })
  for (const { hook } of pluginManager.hooks['offline:start'] ?? []) await hook()
  expect(passed).toEqual(['other', 'init', 'start', 'ready', 'stop', 'end'])
})

test('without serverless-offline it does nothing', () => {
  const pluginManager = framework()
  stageOfflineCommand(pluginManager, { start: async () => {}, stop: async () => {} })
  expect(pluginManager.hooks).toEqual({})
})
