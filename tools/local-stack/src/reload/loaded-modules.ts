import { registerHooks } from 'node:module'
import { join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { repositoryRoot } from '../repository-root.ts'

/** In the query of a module that is loaded again, and of what it imports. */
const LOAD = 'load'
const ROOT = pathToFileURL(join(repositoryRoot, sep)).href

/** What each of our files has imported since `followImports`, absolute. */
const imports = new Map<string, Set<string>>()
let loads = 0

/** Takes note of what is imported from now on, so that modules can be loaded again. */
export function followImports(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context)
      if (!isOurs(resolved.url)) return resolved
      const importer = context.parentURL ?? ''
      if (isOurs(importer)) add(fileURLToPath(importer), fileURLToPath(resolved.url))
      const load = isOurs(importer) && new URL(importer).searchParams.get(LOAD)
      return load ? { ...resolved, url: withLoad(resolved.url, load) } : resolved
    },
  })
}

/**
 * Loads a module another time, with all of our code that it imports. Packages of npm stay as they are.
 *
 * @throws Node's error
 */
export function loadAgain<Module>(file: string): Promise<Module> {
  return import(withLoad(pathToFileURL(file).href, String(++loads)))
}

/** A module and our files that it has imported, absolute. */
export function filesOf(module: string): Set<string> {
  const found = new Set([module])
  // A set goes on to what is added meanwhile.
  for (const file of found) for (const imported of imports.get(file) ?? []) found.add(imported)
  return found
}

function add(importer: string, imported: string): void {
  const known = imports.get(importer)
  if (known) known.add(imported)
  else imports.set(importer, new Set([imported]))
}

const isOurs = (url: string) => url.startsWith(ROOT) && !url.includes('/node_modules/')

function withLoad(url: string, load: string): string {
  const marked = new URL(url)
  marked.searchParams.set(LOAD, load)
  return marked.href
}
