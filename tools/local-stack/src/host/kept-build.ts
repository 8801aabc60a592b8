import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { configurationPath } from '@darkroom/app-configuration'
import { areUnchanged, type FileVersions, versionsOf } from '@darkroom/page/versions'
import { repositoryRoot } from '../repository-root.ts'
import type { Imported } from './dependencies.ts'
import type { Bundle } from './write-bundles.ts'

/** What a build has made. */
export interface Build {
  /** Each list after those that its bundles import. */
  bundles: Bundle[][]
  /** Everything that it has read, absolute. */
  inputs: string[]
  /** Our own files that each service has read, absolute. */
  sources: Set<string>[]
  /** What the bundles of dependencies have. */
  imported: Imported
}

interface KeptBuild extends Pick<Build, 'bundles' | 'sources' | 'imported'> {
  settings: string
  versions: FileVersions
  outdir: string
}

/** Read by each build, whatever its services are. */
const SETTINGS = [
  'pnpm-lock.yaml',
  'tsconfig.json',
  'esbuild.config.cjs',
  'tools/deployment/src/map-stack-traces.ts',
  'tools/local-stack/src/host/bundle-services.ts',
  'tools/local-stack/src/host/dependencies.ts',
].map((path) => join(repositoryRoot, path))

/** Stands for the configuration of the apps: any file can be it, and it is no part of a build. */
const CONFIGURATION = 'configuration'

/**
 * The build that `keepBuild` has stored, as if it had been built into `outdir`.
 *
 * @param settings of the build
 * @returns undefined if there is none, or if a file has changed since then
 */
export async function readKeptBuild(
  file: string,
  settings: string,
  outdir: string,
): Promise<Omit<Build, 'inputs'> | undefined> {
  const kept: KeptBuild | undefined = await readFile(file)
    .then(deserialize)
    .catch(() => undefined)
  if (kept?.settings !== settings) return
  if (!areUnchanged(kept.versions)) return
  return {
    bundles: kept.bundles.map((some) =>
      some.map(({ path, contents }) => ({
        path: join(outdir, path),
        contents: inFolder(contents, kept.outdir, basename(outdir)),
      })),
    ),
    sources: kept.sources.map((paths) => replaced(paths, CONFIGURATION, configurationPath())),
    imported: kept.imported,
  }
}

/**
 * Stores a build for the next start.
 *
 * @param begun when it began, in milliseconds since 1970
 */
export async function keepBuild(
  file: string,
  settings: string,
  outdir: string,
  { bundles, inputs, sources, imported }: Build,
  begun: number,
): Promise<void> {
  const read = inputs.filter((path) => path !== configurationPath() && !path.startsWith(join(outdir, sep)))
  const kept: KeptBuild = {
    settings,
    versions: versionsOf([...SETTINGS, ...read], begun),
    bundles: bundles.map((some) =>
      some.map(({ path, contents }) => ({ path: relative(outdir, path), contents })),
    ),
    sources: sources.map((paths) => replaced(paths, configurationPath(), CONFIGURATION)),
    imported,
    outdir: basename(outdir),
  }
  await mkdir(dirname(file), { recursive: true })
  const part = `${file}.${process.pid}.part`
  await writeFile(part, serialize(kept))
  await rename(part, file)
}

/** Code and source maps name the folder that they are in. */
function inFolder(contents: Uint8Array, from: string, to: string): Uint8Array {
  const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength)
  return bytes.includes(from) ? Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1') : bytes
}

function replaced(paths: ReadonlySet<string>, from: string, to: string): Set<string> {
  return new Set(Array.from(paths, (path) => (path === from ? to : path)))
}
