/**
 * Jest's environment for Node, with these differences:
 *
 * - The test files of a worker run in one context, one after the other, so that they can share the installed packages
 *   (`test-runtime.ts`). Each file gets the global object as it was before the first one, a new `process`, and new modules of this
 *   repository. See decisions/0088-one-sandbox-for-each-worker.md.
 * - The context has an ordinary global object. Jest gives `vm.createContext` a proxy, and then each use of `Math` or `Promise`
 *   in a test or in what it imports is a call of a C++ interceptor and of the proxy: loops over pixels are three times slower.
 *   See decisions/0076-ordinary-globals-in-tests.md.
 * - Lines with a function's metrics are not printed.
 * - A CommonJS file is compiled once for each worker. Jest compiles its own again for each test file.
 *   See decisions/0072-commonjs-compiled-once.md.
 *
 * Jest has no options for them. It calls `vm.createContext` and `vm.compileFunction` by these names.
 */
import vm from 'node:vm'
import { TestEnvironment } from 'jest-environment-node'

type ImportModule = Extract<vm.CompileFunctionOptions['importModuleDynamically'], CallableFunction>

interface CompiledFile {
  source: string
  script: vm.Script
  /** Jest's `import()` in this file, for the test file that runs. */
  importModule: ImportModule
}

const { createContext, compileFunction } = vm
const compiledFiles = new Map<string, CompiledFile>()

vm.compileFunction = (source, parameters = [], options = {}) => {
  const { filename, parsingContext, importModuleDynamically: importModule } = options
  if (!filename || !parsingContext || typeof importModule !== 'function') {
    return compileFunction(source, parameters, options)
  }
  let file = compiledFiles.get(filename)
  if (file?.source !== source) {
    try {
      file = compileFile(source, parameters, filename, importModule)
    } catch {
      // The same error again, without the head of the function.
      return compileFunction(source, parameters, options)
    }
    compiledFiles.set(filename, file)
  }
  file.importModule = importModule
  return file.script.runInContext(parsingContext)
}

/** As a script: V8 shares its code between contexts. What `vm.compileFunction` makes belongs to one. */
function compileFile(
  source: string,
  parameters: readonly string[],
  filename: string,
  importModule: ImportModule,
): CompiledFile {
  const head = `(function (${parameters}) {`
  const script = new vm.Script(`${head}${source}\n})`, {
    filename,
    columnOffset: -head.length,
    // Jest does not use the second, which importing function it is.
    importModuleDynamically: (specifier, _, attributes, phase) =>
      file.importModule(specifier, compileFunction, attributes, phase),
  })
  const file = { source, script, importModule }
  return file
}

const context = createContext(vm.constants.DONT_CONTEXTIFY)
// Jest defines these for each file, as properties that cannot be defined again.
for (const name of ['promise', 'now', 'read-file', 'write-file', 'exists-file']) {
  Object.defineProperty(context, Symbol.for(`jest-native-${name}`), { configurable: true, value: undefined })
}

interface Initial {
  globals: PropertyDescriptorMap
  process: NodeJS.Process
  environment: NodeJS.ProcessEnv
}
/** What the first file began with. Packages keep its `process`, or `process.env`. */
let initial: Initial | undefined

export default class extends TestEnvironment {
  constructor(...args: ConstructorParameters<typeof TestEnvironment>) {
    vm.createContext = () => context
    try {
      super(...args)
    } finally {
      vm.createContext = createContext
    }
    const { process } = this.global
    initial ??= { globals: Object.getOwnPropertyDescriptors(this.global), process, environment: process.env }
    this.global.process = renewProcess(initial, process)
    leaveOutMetrics(process.stdout)
  }

  override async teardown(): Promise<void> {
    await super.teardown()
    if (initial) restoreGlobals(this.global, initial.globals)
  }
}

/** The first file's `process` and environment, with what jest gives this file. */
function renewProcess({ process, environment }: Initial, given: NodeJS.Process): NodeJS.Process {
  if (process === given) return process
  const variables = { ...given.env }
  for (const name of Object.keys(environment)) delete environment[name]
  Object.assign(environment, variables)
  given.env = environment
  for (const key of Reflect.ownKeys(given)) {
    const property = Object.getOwnPropertyDescriptor(given, key)
    if (property) Reflect.defineProperty(process, key, property)
  }
  return process
}

/** Functions print their metrics as lines of JSON. Tests that read them replace `process.stdout.write`. */
function leaveOutMetrics(stdout: NodeJS.WriteStream): void {
  const write = stdout.write.bind(stdout) as (...args: unknown[]) => boolean
  stdout.write = (text: unknown, ...rest: unknown[]) =>
    (typeof text === 'string' && text.startsWith('{"_aws":')) || write(text, ...rest)
}

function restoreGlobals(global: object, initial: PropertyDescriptorMap): void {
  for (const key of Reflect.ownKeys(global)) {
    if (!Object.hasOwn(initial, key)) Reflect.deleteProperty(global, key)
  }
  Object.defineProperties(global, initial)
}
