/** The parts of the framework that plugins use while a service runs. */
export interface Serverless {
  serviceDir: string
  config: { servicePath: string }
  service: Service
}

export interface Service {
  service: string
  custom?: { esbuild?: { external?: string[] }; 'serverless-offline'?: object }
  plugins: string[]
  resources?: { Metadata?: object }
  provider: FunctionSettings & { httpApi?: unknown }
  functions: Record<string, ServiceFunction>
}

interface ServiceFunction extends FunctionSettings {
  handler: string
  events?: unknown[]
  package?: { patterns?: string[] }
}

/** Set for all functions or for one. */
interface FunctionSettings {
  environment?: object
  memorySize?: number
  timeout?: number
}

export interface Plugin {
  hooks?: Record<string, () => Promise<void> | void>
  /** Of serverless-offline. */
  end?(skipExit: boolean): Promise<void>
  /** Of our event sources: starts them again as a load of their module does it. */
  replaceEventSources?(loaded: object): Promise<void>
}

export type Log = Record<
  'debug' | 'verbose' | 'info' | 'notice' | 'warning' | 'error',
  (...message: unknown[]) => void
>
