import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'

/** A file to be sent. */
export interface Photograph {
  name: string
  path: string
}

const { resolve: resolveModule } = createRequire(import.meta.url)

/** Two packages that have photographs beside their code: a phone's, and NASA's of the Earth. */
const SAMPLES = [
  ['jpeg-exif', 'test', /^IMG_.*\.JPG$/],
  ['three-globe', 'example/img', /^(earth-(blue-marble|day|night|dark)|night-sky)\.(jpg|png)$/],
] as const

/**
 * The files that were asked for (a folder stands for the files in it), or the samples.
 *
 * @throws Error naming the path that does not exist
 */
export async function findPhotographs(paths: string[]): Promise<Photograph[]> {
  const found = await Promise.all(paths.length > 0 ? paths.map(fromPath) : SAMPLES.map(fromPackage))
  return found.flat()
}

async function fromPath(path: string): Promise<Photograph[]> {
  const absolute = resolve(process.env.INIT_CWD ?? '.', path)
  if (!existsSync(absolute)) throw new Error(`There is no file ${path}.`)
  if (!(await stat(absolute)).isDirectory()) return [{ name: basename(absolute), path: absolute }]
  return inFolder(absolute, /^[^.].*\.(jpe?g|png|webp|gif|avif|heic)$/i)
}

function fromPackage([name, folder, pattern]: (typeof SAMPLES)[number]): Promise<Photograph[]> {
  return inFolder(join(packageFolder(name), folder), pattern)
}

async function inFolder(folder: string, pattern: RegExp): Promise<Photograph[]> {
  const names = (await readdir(folder)).filter((name) => pattern.test(name)).sort()
  return names.map((name) => ({ name, path: join(folder, name) }))
}

function packageFolder(name: string): string {
  let folder = dirname(resolveModule(name))
  while (basename(folder) !== name) folder = dirname(folder)
  return folder
}
