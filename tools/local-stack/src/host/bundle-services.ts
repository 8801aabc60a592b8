import { existsSync } from 'node:fs'
import { mkdir, realpath, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type BuildOptions, build, version as esbuildVersion, type Metafile, stop } from 'esbuild'
import { repositoryRoot } from '../repository-root.ts'
import { type Dependencies, dependenciesIn } from './dependencies.ts'
import { type Build, keepBuild, readKeptBuild } from './kept-build.ts'
import type { Serverless } from './serverless.ts'
import { replaceFile, writeBundles } from './write-bundles.ts'

const bundling = createRequire(import.meta.url)('../../../../esbuild.config.cjs')

/** The source of the module with the configuration of the apps. @throws Error that says what is wrong in it */
export const deployedConfiguration: () => Promise<string> = bundling.deployedConfiguration

/** The folder of what services share, no service's name. */
const SHARED = '.shared'

/** Builds the functions of services into one folder. */
export interface Bundler {
  /**
   * Builds all functions of some services in one pass, because most of the time goes into what they share. The functions of
   * `services/NAME` are then in `outdir/NAME`. Files are written only if the build is good.
   *
   * @returns our own files that each service has read, absolute, in the order of `services`
   * @throws esbuild's BuildFailure
   */
  bundle(services: Serverless[]): Promise<Set<string>[]>
}

/** @param keptBuild where the first build is stored for the next start, and taken from if nothing has changed */
export function bundlerInto(outdir: string, keptBuild?: string): Bundler {
  const dependencies = dependenciesIn(join(outdir, SHARED, 'dependencies'))
  let keptFile = keptBuild
  const buildAndKeep = async (services: Serverless[], settings: string) => {
    const begun = Date.now()
    // An idle esbuild keeps 300 MB. The next build starts another one in milliseconds.
    const built = await buildFunctions(services, outdir, dependencies).finally(stop)
    // If it cannot be stored, the next start takes longer.
    if (keptFile) await keepBuild(keptFile, settings, outdir, built, begun).catch(() => {})
    return built
  }
  return {
    async bundle(services) {
      const settings = settingsOf(services)
      const kept = keptFile && (await readKeptBuild(keptFile, settings, outdir))
      if (kept) dependencies.imported = kept.imported
      const { bundles, sources } = kept || (await buildAndKeep(services, settings))
      keptFile = undefined
      await writeConfiguration(outdir)
      for (const service of services) await linkCompanions(service, outdir)
      for (const some of bundles) await writeBundles(some)
      return sources
    },
  }
}

/** What is built of the services, and how, beside what is in files. */
function settingsOf(services: Serverless[]): string {
  const own = services.map(({ serviceDir, service }) => [serviceDir, service.custom?.esbuild])
  return JSON.stringify([esbuildVersion, process.version, bundling.entryPointsOf(services), own])
}

async function buildFunctions(
  services: Serverless[],
  outdir: string,
  dependencies: Dependencies,
): Promise<Build> {
  const configuration = pathToFileURL(configurationFile(outdir)).href
  const importConfiguration = () => `export * from ${JSON.stringify(configuration)}`
  const { serviceDir = '' } = services[0] ?? {}
  const settings = bundling.bundleTogether(services, dirname(serviceDir), outdir, importConfiguration)
  const options: BuildOptions & { metafile: true; write: false } = {
    ...settings,
    external: [...settings.external, configuration],
    chunkNames: `${SHARED}/chunks/[name]-[hash]`,
    // Errors name files relative to it.
    absWorkingDir: repositoryRoot,
    metafile: true,
    write: false,
  }
  const own = await build({ ...options, plugins: [...settings.plugins, dependencies.leaveOut] })
  const others = await dependencies.buildFor(own.outputFiles, options)
  const { outputFiles, metafile } = others ? own : await build(options)
  const { files = [], inputs = [] } = others ?? {}
  return {
    bundles: [files, outputFiles],
    inputs: [...inputs, ...Object.keys(metafile.inputs)].map((path) => resolve(repositoryRoot, path)),
    sources: services.map((service) => inputsOf(service.serviceDir, metafile)),
    imported: dependencies.imported,
  }
}

const configurationFile = (outdir: string) => join(outdir, SHARED, 'configuration.mjs')

/**
 * Writes the configuration of the apps, a module of its own, so that an edit of it needs no build.
 *
 * @throws Error that names what is wrong in it
 */
export async function writeConfiguration(outdir: string): Promise<void> {
  const file = configurationFile(outdir)
  const contents = await deployedConfiguration()
  await mkdir(dirname(file), { recursive: true })
  await replaceFile(file, contents)
}

/**
 * What code finds from where it is: packages that are not bundled, and folders that are packaged with a function, from two
 * folders above an entry point or a chunk, as in `src/presets`.
 */
async function linkCompanions({ service, serviceDir }: Serverless, outdir: string): Promise<void> {
  const packages = (service.custom?.esbuild?.external ?? []).map((name) => join('node_modules', name))
  const patterns = Object.values(service.functions).flatMap((settings) => settings.package?.patterns ?? [])
  const folders = patterns.flatMap((pattern) => /^([\w-]+)\/\*\*$/.exec(pattern)?.[1] ?? [])
  for (const path of [...packages, ...folders]) {
    await link(join(serviceDir, path), join(outdir, path))
    await link(join(serviceDir, path), join(outdir, basename(serviceDir), path))
  }
}

async function link(target: string, path: string): Promise<void> {
  if (!existsSync(target)) return
  await mkdir(dirname(path), { recursive: true })
  // Windows allows junctions without privileges. An earlier build has made the same.
  await symlink(target, path, 'junction').catch(async (error) => {
    if (error.code !== 'EEXIST') throw error
    if ((await realpath(path)) === (await realpath(target))) return
    throw new Error(`Two services package a folder ${basename(path)}. Give one of them another name.`)
  })
}

/** A service's functions and everything that they import, absolute. */
function inputsOf(serviceDir: string, { inputs, outputs }: Metafile): Set<string> {
  const entries = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? [])
  const found = new Set(
    entries.filter((path) => resolve(repositoryRoot, path).startsWith(join(serviceDir, sep))),
  )
  // A set goes on to what is added meanwhile.
  for (const path of found) for (const { path: imported } of inputs[path]?.imports ?? []) found.add(imported)
  return new Set([...found].filter((path) => path in inputs).map((path) => resolve(repositoryRoot, path)))
}
