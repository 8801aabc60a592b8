import type { Template } from './template.ts'

/** The parts of the framework and of a resolved serverless.yml that this plugin uses. */
export interface Serverless {
  service: {
    service: string
    custom?: Record<string, unknown>
    provider: { region: string; stage?: string; timeout?: number }
    resources?: Partial<Template> & {
      extensions?: Record<string, { Properties?: Record<string, unknown> }>
    }
    getAllFunctions(): string[]
    getFunction(functionKey: string): FunctionDefinition
  }
  pluginManager: PluginManager
}

interface FunctionDefinition {
  name: string
  timeout?: number
  events?: Record<string, unknown>[]
}

export interface PluginManager {
  getPlugins(): { hooks?: Record<string, () => Promise<void>> }[]
  hooks: Record<string, { pluginName: string; hook: () => Promise<void> }[]>
}

export type Log = Record<'info' | 'notice' | 'warning' | 'error', (...message: unknown[]) => void>

export type PluginUtils = { log: Log }
