import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { ENORMOUS_IMAGES } from '../hostile/enormous-images.ts'
import { HOSTILE_IMAGES } from '../hostile/hostile-images.ts'

/** A file to look at, and what has to become of it where that is known. */
export interface Specimen {
  name: string
  read: () => Promise<Buffer>
  outcome?: string
  /** What it may take, in MB, of both processes. */
  megabytes?: number
  /** Whether it has to meet a fresh engine's process: for a memory that nothing before it has touched. */
  fresh?: boolean
}

/** @throws Error in words, for whoever named what is not there, or is empty */
export async function specimensIn(paths: string[], startedIn: string): Promise<Specimen[]> {
  const found: Specimen[] = []
  for (const path of paths) {
    const files = await filesIn(path)
    if (files.length === 0) throw new Error(`there is no file in ${path}`)
    found.push(...files.map((file) => ({ name: relative(startedIn, file), read: () => readFile(file) })))
  }
  return found
}

async function filesIn(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).toSorted()
    return (await Promise.all(names.map((name) => filesIn(join(path, name))))).flat()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new Error(`there is no ${path}`, { cause })
    if (code === 'EACCES') throw new Error(`${path} may not be read`, { cause })
    throw new Error(message, { cause })
  }
}

/** Those of the tests' table, and the largest that are accepted. */
export function hostileSpecimens(): Specimen[] {
  const hostile = HOSTILE_IMAGES.map(({ name, outcome, bytes }) => ({
    name,
    outcome,
    read: async () => bytes,
  }))
  const enormous = ENORMOUS_IMAGES.map(({ make, ...rest }) => ({ ...rest, read: make, fresh: true }))
  return [...hostile, ...enormous]
}
