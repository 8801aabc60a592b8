import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { HeicDecoder } from '@darkroom/core'
import { ENDLESS_IMAGES } from '../hostile/endless-images.ts'
import { ENORMOUS_IMAGES } from '../hostile/enormous-images.ts'
import { HOSTILE_IMAGES } from '../hostile/hostile-images.ts'

/** A file to process, and its expected result if known. */
export interface Specimen {
  name: string
  /** Its absolute path, unless it is generated. */
  file?: string
  read: () => Promise<Buffer>
  outcome?: string
  /** Memory limit for both processes, in MB. */
  megabytes?: number
  /** Whether it needs a new engine process, so that earlier images do not affect the measured memory. */
  fresh?: boolean
  /** If it needs another than the default. */
  heicDecoder?: HeicDecoder
}

/** @throws Error that names a missing, unreadable or empty path */
export async function specimensIn(paths: string[], startedIn: string): Promise<Specimen[]> {
  const found: Specimen[] = []
  for (const path of paths) {
    const files = await filesIn(path)
    if (files.length === 0) throw new Error(`No files in ${path}.`)
    found.push(
      ...files.map((file) => ({ name: relative(startedIn, file), file, read: () => readFile(file) })),
    )
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
    if (code === 'ENOENT') throw new Error(`File not found: ${path}`, { cause })
    if (code === 'EACCES') throw new Error(`No permission to read ${path}.`, { cause })
    throw new Error(message, { cause })
  }
}

/** The tests' table of hostile images, files of millions of parts, and the largest accepted images. */
export function hostileSpecimens(): Specimen[] {
  const hostile = HOSTILE_IMAGES.map(({ name, outcome, bytes }) => ({
    name,
    outcome,
    read: async () => bytes,
  }))
  const enormous = ENORMOUS_IMAGES.map(({ make, ...rest }) => ({ ...rest, read: make, fresh: true }))
  const endless = ENDLESS_IMAGES.map(({ make, ...rest }) => ({ ...rest, read: make }))
  return [...hostile, ...endless, ...enormous]
}
