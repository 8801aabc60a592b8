/**
 * How every service is bundled: ES modules for Lambda's Node, with source maps so that a stack trace names
 * our own lines. A service adds to it in its serverless.yml under custom.esbuild.
 */
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const esbuild = require('esbuild')

const BUNDLE = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  // Some dependencies are CommonJS and call require().
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
}

module.exports = ({ service, serviceDir, processedInput }) => {
  const { config: _, ...own } = service.custom.esbuild
  const command = processedInput.commands[0]
  const isOffline = command === 'offline'
  // Packaging empties its folder at the end; a stack that runs beside it keeps its own. Whoever starts several names them.
  const outputWorkFolder = `.esbuild/${process.env.ESBUILD_WORK_FOLDER || command}`
  return {
    ...BUNDLE,
    outputFileExtension: '.mjs',
    // A debugger shows the names in our source.
    minify: !isOffline,
    concurrency: 2,
    outputWorkFolder,
    ...(isOffline && {
      plugins: [buildTogether({ service, serviceDir }, join(serviceDir, outputWorkFolder, 'together'))],
    }),
    ...own,
  }
}

/** Time to report the errors of a build. */
const END_DELAY_MS = 500

/** The options of one build of all functions of some services, which share their chunks. `outbase` contains the services. */
function bundleTogether(services, outbase, outdir) {
  const sources = services.flatMap(({ service, serviceDir }) =>
    Object.values(service.functions).map(({ handler }) => join(serviceDir, handler.replace(/\.\w+$/, '.ts'))),
  )
  return {
    ...BUNDLE,
    entryPoints: [...new Set(sources)],
    outbase,
    outdir,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    external: services.flatMap(({ service }) => service.custom.esbuild.external ?? []),
    logLevel: 'silent',
  }
}

module.exports.bundleTogether = bundleTogether

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
