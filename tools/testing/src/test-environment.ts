/**
 * Jest's environment for Node, with three differences:
 *
 * - Its context has an ordinary global object. Jest gives `vm.createContext` a proxy, and then each use of `Math` or `Promise`
 *   in a test or in what it imports is a call of a C++ interceptor and of the proxy: loops over pixels are three times slower.
 *   See decisions/0076-ordinary-globals-in-tests.md.
 * - A CommonJS file is compiled once for each worker. Jest compiles it again for each test file.
 *   See decisions/0072-commonjs-compiled-once.md.
 * - Lines with a function's metrics are not printed.
 *
 * Jest has no option for them. It calls `vm.createContext` and `vm.compileFunction` by these names.
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

export default class extends TestEnvironment {
  constructor(...args: ConstructorParameters<typeof TestEnvironment>) {
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY)
    try {
      super(...args)
    } finally {
      vm.createContext = createContext
    }
    leaveOutMetrics(this.global.process.stdout)
  }
}

/** Functions print their metrics as lines of JSON. Tests that read them replace `process.stdout.write`. */
function leaveOutMetrics(stdout: NodeJS.WriteStream): void {
  const write = stdout.write.bind(stdout) as (...args: unknown[]) => boolean
  stdout.write = (text: unknown, ...rest: unknown[]) =>
    (typeof text === 'string' && text.startsWith('{"_aws":')) || write(text, ...rest)
}
