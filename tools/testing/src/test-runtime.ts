/**
 * Jest's runtime, which loads the modules of a test file. What it loads from `node_modules` stays for the other files of the worker:
 * it is compiled and evaluated once, and its functions stay optimized. The modules of this repository, which read the
 * environment, are loaded for each file. See decisions/0088-one-sandbox-for-each-worker.md.
 *
 * Jest has no option for it. It looks for a module in two maps of its runtime before it loads it.
 */
import { fileURLToPath } from 'node:url'
import type vm from 'node:vm'
import runtime from 'jest-runtime'

/** Its types describe `require('jest-runtime')`. */
const Runtime = runtime as unknown as typeof runtime.default
type Runtime = InstanceType<typeof Runtime>
type Arguments = ConstructorParameters<typeof Runtime>

/** The parts of a runtime that its types keep private. */
interface Internals {
  registries: {
    /** CommonJS modules by their path. */
    moduleRegistry: Map<string, unknown>
    /** ES modules by their URL. */
    esModuleRegistry: Map<string, vm.Module>
  }
  esmLoader: {
    /** A string if a module awaits something when it is evaluated. */
    tryLoadGraphSync(path: string, query: string, mode: 'sync-preferred'): vm.Module | string
  }
}

class Registry<Module> extends Map<string, Module> {
  private readonly installed: (key: string) => Module | undefined

  constructor(installed: (key: string) => Module | undefined) {
    super()
    this.installed = installed
  }

  override get(key: string): Module | undefined {
    return super.get(key) ?? (key.includes('/node_modules/') ? this.installed(key) : undefined)
  }
}

let installed: Runtime | undefined

/** The runtime of the installed packages. It is never torn down. */
function startInstalled([
  config,
  environment,
  resolver,
  transformer,
  ,
  coverage,
  ,
  globals,
]: Arguments): Runtime {
  const { global, moduleMocker } = environment
  const context = environment.getVmContext()
  const lasting = {
    global,
    moduleMocker,
    fakeTimers: null,
    fakeTimersModern: null,
    getVmContext: () => context,
    exportConditions: environment.exportConditions?.bind(environment),
  }
  return new Runtime(
    config,
    lasting as unknown as Arguments[1],
    resolver,
    transformer,
    new Map(),
    coverage,
    import.meta.filename,
    globals,
  )
}

const internalsOf = (runtime: Runtime) => runtime as unknown as Internals

export default class extends Runtime {
  constructor(...args: Arguments) {
    installed ??= startInstalled(args)
    const packages = installed
    super(...args)
    const { esmLoader, registries } = internalsOf(packages)
    const own = internalsOf(this).registries
    own.moduleRegistry = new Registry((path) => {
      if (packages.unstable_shouldLoadAsEsm(path)) return undefined
      packages.requireModule(path)
      return registries.moduleRegistry.get(path)
    })
    own.esModuleRegistry = new Registry((url) => {
      const path = fileURLToPath(url)
      if (!path.endsWith('.json') && !packages.unstable_shouldLoadAsEsm(path)) return undefined
      const module = esmLoader.tryLoadGraphSync(path, '', 'sync-preferred')
      return typeof module === 'string' ? undefined : module
    })
  }
}
