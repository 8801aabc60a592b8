import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'

export interface Bundle {
  path: string
  contents: Uint8Array
}

/** Entry points last: they import the others, and a function may start at any time. */
export async function writeBundles(files: readonly Bundle[]): Promise<void> {
  const folders = new Set(files.map(({ path }) => dirname(path)))
  await Promise.all([...folders].map((folder) => mkdir(folder, { recursive: true })))
  const isChunk = ({ path }: Bundle) => path.includes(join(sep, 'chunks', sep))
  const write = (some: Bundle[]) => Promise.all(some.map(({ path, contents }) => replaceFile(path, contents)))
  await write(files.filter(isChunk))
  await write(files.filter((file) => !isChunk(file)))
}

/** At once: a function that starts meanwhile reads the old file or the new one, never a part of it. */
export async function replaceFile(path: string, contents: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, contents)
  await rename(`${path}.new`, path)
}
