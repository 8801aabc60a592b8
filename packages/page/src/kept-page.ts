import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { version as esbuildVersion } from 'esbuild'
import { areUnchanged, versionsOf } from './file-versions.ts'

interface KeptPage {
  esbuild: string
  source: string
  names: string[]
  inputs: string[]
  versions: [path: string, version: string][]
}

/** Says of what a page was built, and which files it has. */
const noteOf = (source: string) => join(source, '..', 'node_modules', '.cache', 'page.json')

/** Files whose content decides how a page is built. */
const BUILDERS = ['build-page.ts', 'serve-page.ts'].map((name) => join(import.meta.dirname, name))

/** What the page in `folder` was built of, if it would be built of the same now. */
export async function readKeptPage(source: string, folder: string): Promise<string[] | undefined> {
  const kept: KeptPage | undefined = await readFile(noteOf(source), 'utf8')
    .then(JSON.parse)
    .catch(() => undefined)
  if (kept?.esbuild !== esbuildVersion || kept.source !== source) return
  const isThere = kept.names.every((name) => existsSync(join(folder, name)))
  return isThere && areUnchanged(new Map(kept.versions)) ? kept.inputs : undefined
}

/**
 * Takes note of a page that has been built.
 *
 * @param names of all its files
 * @param begun when its build began, in milliseconds since 1970
 */
export async function keepPage(
  source: string,
  names: string[],
  inputs: string[],
  begun: number,
): Promise<void> {
  const versions = [...versionsOf([...BUILDERS, ...inputs], begun)]
  const kept: KeptPage = { esbuild: esbuildVersion, source, names, inputs, versions }
  const note = noteOf(source)
  await mkdir(dirname(note), { recursive: true })
  const part = `${note}.${process.pid}.part`
  await writeFile(part, JSON.stringify(kept))
  // At once: another process may read it.
  await rename(part, note)
}
