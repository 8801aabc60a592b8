import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import type { OutputFile } from 'esbuild'

/** Entry points last: they import the others, and a function may start at any time. */
export async function writeBundles(files: readonly OutputFile[]): Promise<void> {
  const folders = new Set(files.map(({ path }) => dirname(path)))
  await Promise.all([...folders].map((folder) => mkdir(folder, { recursive: true })))
  const isChunk = ({ path }: OutputFile) => path.includes(join(sep, 'chunks', sep))
  const write = (some: OutputFile[]) =>
    Promise.all(some.map(({ path, contents }) => writeFile(path, contents)))
  await write(files.filter(isChunk))
  await write(files.filter((file) => !isChunk(file)))
}
