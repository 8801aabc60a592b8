import type { IncomingMessage, Server, ServerResponse } from 'node:http'
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
  /** Called with the HTTP server of serverless-offline before it starts (see patches/). */
  configureHttpServer?: (server: HttpServer) => void
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

/** The parts of a hapi server that this plugin uses. */
export interface HttpServer {
  listener: Server
  ext(point: 'onRequest' | 'onPreResponse', method: (request: HttpRequest, toolkit: Toolkit) => unknown): void
}

interface HttpRequest {
  method: string
  path: string
  raw: { req: IncomingMessage; res: ServerResponse }
  response: { isBoom?: boolean; message?: string; output?: { statusCode: number } }
}

interface Toolkit {
  continue: symbol
  response(body?: string): HttpAnswer
}

interface HttpAnswer {
  code(status: number): HttpAnswer
  header(name: string, value: string): HttpAnswer
  /** Ends the request with this answer. */
  takeover(): HttpAnswer
}
