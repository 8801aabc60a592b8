/**
 * How every service is bundled: ES modules for Lambda's Node, with source maps so that a stack trace names
 * our own lines. A service adds to it in its serverless.yml under custom.esbuild.
 */
const { existsSync, readFileSync } = require('node:fs')
const { dirname, join, relative } = require('node:path')
const { pathToFileURL } = require('node:url')
const esbuild = require('esbuild')

let stackTraces

/** Stack traces name our own lines. The first call starts a process. */
function mapStackTraces() {
  const file = join(__dirname, 'tools/deployment/src/map-stack-traces.ts')
  const options = { loader: 'ts', format: 'iife', minify: true, target: 'node24' }
  stackTraces ??= esbuild.transformSync(readFileSync(file, 'utf8'), options).code
  return stackTraces
}

const bundle = () => ({
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Packages that offer both have ES modules here, of which esbuild leaves out what is not used.
  mainFields: ['module', 'main'],
  sourcemap: 'linked',
  sourcesContent: false,
  // Some dependencies are CommonJS and call require(). With `inject`, each module would call the code that maps stack traces.
  banner: {
    js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
${mapStackTraces()}`,
  },
})

/**
 * What the AWS SDK loads to find credentials outside Lambda, where they are in the environment. Not bundled.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
const CREDENTIALS_ELSEWHERE = [
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/credential-provider-imds',
]

/** Dependencies without their source maps, which are larger than the code, and with schemas that can be left out. */
const loadDependencies = {
  name: 'load-dependencies',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules.*\.[cm]?js$/ }, ({ path }) => {
      const code = readFileSync(path, 'utf8')
      const shakable = /[\\/]schemas[\\/]schemas_\d+\.js$/.test(path) ? nameKeys(code) : code
      return { contents: `${shakable}\n//# sourceMappingURL=${mapToPackage(path)}`, loader: 'js' }
    })
  },
}

/**
 * The schemas of all commands of an AWS client are constants of one file, with keys that are constants too: `{ [_hH]: "ETag" }`.
 * Such a key may call code, so esbuild would leave out none of them. With the name as the key it leaves out those that are not used.
 */
function nameKeys(code) {
  const names = new Map(
    Array.from(code.matchAll(/^const (_\w+) = (".*");$/gm), ([, key, name]) => [key, name]),
  )
  return code.replace(/\[(_\w+)\]:/g, (computed, key) => (names.has(key) ? `${names.get(key)}:` : computed))
}

/**
 * An `import` of `node:http` makes its exports by reading each of its properties, and some of them load all of `fetch`: 18 ms.
 * https://github.com/nodejs/node/issues/59686
 */
const importHttpAlone = {
  name: 'import-http-alone',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'http', namespace: 'builtin' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }))
  },
}

/** Modules that are imported and not used, and what functions have instead. If an update imports more of one, the build fails. */
const LEFT_OUT = {
  // Only commands that Darkroom does not send have streams of events.
  '@smithy/core/event-streams': `export const resolveEventStreamSerdeConfig = (config) => config
    export const eventStreamSerdeProvider = () => { throw new Error('Event streams are not bundled') }
    export const EventStreamSerde = undefined`,
  // Lambda's settings are in the environment. The SDK would look for others in files at the first request.
  '../shared-ini-file-loader/loadSharedConfigFiles': `export const loadSharedConfigFiles = async () => ({
      configFile: {},
      credentialsFile: {},
    })`,
  // What file-type unpacks files with writes to a terminal, if it is asked to.
  debug: 'export default () => () => {}',
}

const leaveOut = {
  name: 'leave-out',
  setup({ onResolve, onLoad }) {
    const names = new RegExp(`^(${Object.keys(LEFT_OUT).join('|')})$`)
    onResolve({ filter: names }, ({ path }) => ({ path, namespace: 'left-out' }))
    onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({ contents: LEFT_OUT[path] }))
  },
}

/** The module `@darkroom/app-configuration/deployed` of a function. @throws Error as `readConfiguration` does */
async function deployedConfiguration() {
  const { deployedParts } = await import('./packages/app-configuration/src/deployed-parts.ts')
  const constants = Object.entries(deployedParts()).map(
    ([name, part]) =>
      `export const ${name} = /* @__PURE__ */ JSON.parse(${JSON.stringify(JSON.stringify(part))})`,
  )
  return constants.join('\n')
}

/**
 * The configuration of the apps becomes part of a function: each part is a constant, of which esbuild leaves out those that
 * the function does not use. Importing the file makes a change of it a change of the function.
 *
 * @param toModule the source of the module
 */
const includeConfiguration = (toModule = deployedConfiguration) => ({
  name: 'include-configuration',
  setup({ onLoad }) {
    onLoad({ filter: /app-configuration[\\/]src[\\/]deployed\.ts$/ }, async () => {
      const { configurationPath } = await import('./packages/app-configuration/src/read-configuration.ts')
      const file = configurationPath()
      try {
        return { contents: `import _ from ${JSON.stringify(file)}\n${await toModule()}`, loader: 'js' }
      } catch (error) {
        return { errors: [{ text: error.message }], watchFiles: [file] }
      }
    })
  },
})

/** Maps all of a dependency's file to the name of its package. */
function mapToPackage(path) {
  const [name] = /(@[^/\\]+[/\\])?[^/\\]+/.exec(
    path.slice(path.lastIndexOf('node_modules') + 'node_modules/'.length),
  )
  const map = { version: 3, sources: [`/node_modules/${name}`], mappings: 'AAAA' }
  return `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`
}

/**
 * The options with which a function is bundled for deployment. Names stay, so that errors and stack traces have them: shorter
 * ones need `keepNames`, whose call for each function takes longer at a start than reading the longer names.
 */
const deployed = () => ({
  ...bundle(),
  minifySyntax: true,
  minifyWhitespace: true,
  plugins: [importHttpAlone, leaveOut, loadDependencies, includeConfiguration()],
})

module.exports = ({ service, serviceDir, processedInput }) => {
  const { config: _, ...own } = service.custom.esbuild
  const command = processedInput.commands[0]
  const isOffline = command === 'offline'
  // Packaging empties its folder at the end; a stack that runs beside it keeps its own. Whoever starts several names them.
  const outputWorkFolder = `.esbuild/${process.env.ESBUILD_WORK_FOLDER || command}`
  return {
    ...(isOffline ? bundle() : deployed()),
    absWorkingDir: serviceDir,
    outputFileExtension: '.mjs',
    outputWorkFolder,
    ...(isOffline
      ? { plugins: [buildTogether({ service, serviceDir }, join(serviceDir, outputWorkFolder, 'together'))] }
      : { exclude: CREDENTIALS_ELSEWHERE, plugins: [buildInOnePass(serviceDir)], skipRebuild: true }),
    ...own,
  }
}

/**
 * Adds the program that a handler starts as another process, `HANDLER.engine.ts`. A name that begins with a handler's makes
 * serverless-esbuild put the file into no other function's zip.
 */
const withEngines = (sources) => [
  ...sources,
  ...sources.map((source) => source.replace(/\.ts$/, '.engine.ts')).filter((source) => existsSync(source)),
]

/**
 * serverless-esbuild builds each function by itself, which reads the same packages again for each. This plugin builds all
 * functions that it asks for in one pass; esbuild links each by itself, so the files are the same. The builds of
 * serverless-esbuild are empty, and nothing of them is written.
 */
function buildInOnePass(serviceDir) {
  const builds = new Map()
  let asked = []
  return {
    name: 'build-in-one-pass',
    setup({ initialOptions, onResolve, onLoad }) {
      const options = { ...initialOptions, plugins: deployed().plugins, outbase: serviceDir }
      const [entry] = initialOptions.entryPoints
      const outdir = join(initialOptions.outdir, relative(dirname(entry), '.'))
      asked.push(entry)
      Object.assign(initialOptions, { write: false, logLevel: 'silent' })
      onResolve({ filter: /./ }, ({ path }) => ({ path, namespace: 'one-pass' }))
      onLoad({ filter: /./, namespace: 'one-pass' }, async () => {
        if (!builds.has(entry)) {
          const build = esbuild.build({ ...options, entryPoints: withEngines(asked), outdir })
          for (const source of asked) builds.set(source, build)
          asked = []
        }
        try {
          await builds.get(entry)
          return { contents: '' }
        } catch ({ errors }) {
          return { errors }
        }
      })
    },
  }
}

function entryPointsOf(services) {
  const sources = services.flatMap(({ service, serviceDir }) =>
    Object.values(service.functions).map(({ handler }) => join(serviceDir, handler.replace(/\.\w+$/, '.ts'))),
  )
  return withEngines([...new Set(sources)])
}

/** Time to report the errors of a build. */
const END_DELAY_MS = 500

/**
 * The options of one build of all functions of some services, which share their chunks. `outbase` contains the services. By default
 * the configuration of the apps is part of them.
 */
function bundleTogether(services, outbase, outdir, toConfiguration) {
  return {
    ...bundle(),
    plugins: [includeConfiguration(toConfiguration)],
    entryPoints: entryPointsOf(services),
    outbase,
    outdir,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    external: services.flatMap(({ service }) => service.custom.esbuild.external ?? []),
    logLevel: 'silent',
  }
}

module.exports.bundleTogether = bundleTogether
module.exports.entryPointsOf = entryPointsOf
module.exports.deployedConfiguration = deployedConfiguration

/**
 * Bundles functions as they are deployed. `entryPoints`: their sources, by the names of their files without `.mjs`. `external`: what
 * their zips have in `node_modules`. Resolves to the metafile.
 */
module.exports.bundleDeployed = async (entryPoints, outdir, external = []) => {
  const { metafile } = await esbuild.build({
    ...deployed(),
    metafile: true,
    entryPoints,
    outdir,
    outExtension: { '.js': '.mjs' },
    external: [...external, ...CREDENTIALS_ELSEWHERE],
  })
  return metafile
}

/**
 * serverless-esbuild builds one function after the other, and each contains the AWS SDK again: for the upload API that is
 * 8 s of processor time and 800 MB. On a laptop this plugin builds all functions of a service in one pass with shared
 * chunks, and gives serverless-esbuild a file for each function that re-exports its handler.
 */
function buildTogether(service, outdir) {
  let context
  const build = async () => {
    context ??= await esbuild.context(bundleTogether([service], service.serviceDir, outdir))
    await context.rebuild()
  }
  // Every change makes serverless-esbuild ask for each function again; the first of them starts the build for all.
  const timesAsked = new Map()
  let builds = 0
  let hasBuilt = false
  let latest
  const buildOnce = (entry) => {
    const times = (timesAsked.get(entry) ?? 0) + 1
    timesAsked.set(entry, times)
    if (times > builds) {
      builds = times
      latest = build()
    }
    return latest
  }
  return {
    name: 'build-together',
    setup({ initialOptions, onResolve, onLoad }) {
      const [entry] = initialOptions.entryPoints
      onResolve({ filter: /./ }, ({ kind, path }) =>
        kind === 'entry-point' ? { path, namespace: 'together' } : { path, external: true },
      )
      onLoad({ filter: /./, namespace: 'together' }, async () => {
        try {
          await buildOnce(entry)
          hasBuilt = true
        } catch ({ errors }) {
          // serverless-esbuild does not end its builds when the first one fails, and the command would never end.
          if (!hasBuilt) setTimeout(() => esbuild.stop(), END_DELAY_MS)
          return { errors }
        }
        const built = pathToFileURL(join(outdir, entry.replace(/\.ts$/, '.mjs')))
        return { contents: `export * from ${JSON.stringify(built.href)}` }
      })
    },
  }
}
