import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type BuildOptions, build, type OutputFile, type Plugin } from 'esbuild'

/** The dependencies of the code in one folder. They are most of it and rarely change, so they have bundles of their own. */
export interface Dependencies {
  /** Makes imports of dependencies name their bundles. */
  leaveOut: Plugin
  /**
   * Builds them if the code imports something that no earlier build has.
   *
   * @param code the output of a build with `leaveOut`
   * @returns undefined if the code has to be built together with its dependencies
   */
  buildFor(code: readonly OutputFile[], options: BuildOptions): Promise<BuiltDependencies | undefined>
  /** What the bundles have. */
  imported: Imported
}

/** New bundles, if some were needed. */
interface BuiltDependencies {
  files: OutputFile[]
  /** What they were built from, as in esbuild's metafile. */
  inputs: string[]
}

/** The imported names of a module, by its file. `*` is all. */
export type Imported = Map<string, Set<string>>

/** Built-in modules, our own packages, and the module with the configuration: no dependencies. */
const OTHERS = /^(node:|@darkroom\/|file:)/
const DEPENDENCY = `${sep}node_modules${sep}`

/** @param folder for the bundles */
export function dependenciesIn(folder: string): Dependencies {
  const files = new Map<string, string>()
  const bundleOf = (file: string): string => {
    const url = pathToFileURL(join(folder, `${nameOf(file)}.mjs`)).href
    files.set(url, file)
    return url
  }
  return {
    // Only grows: code that runs may load what new code does not use.
    imported: new Map(),
    leaveOut: {
      name: 'leave-dependencies-out',
      setup({ onResolve, resolve }) {
        onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
          const isResolving = pluginData === files
          if (isResolving || kind === 'entry-point' || OTHERS.test(path)) return
          const found = await resolve(path, { kind, importer, resolveDir, pluginData: files })
          if (found.errors.length > 0 || found.external || !found.path.includes(DEPENDENCY)) return
          return { path: bundleOf(found.path), external: true, sideEffects: found.sideEffects }
        })
      },
    },
    async buildFor(code, options) {
      const scripts = code.filter(({ path }) => path.endsWith('.mjs')).map(({ text }) => text)
      // What is imported while code runs can have any name.
      if (scripts.some((text) => [...files.keys()].some((url) => text.includes(`import("${url}")`)))) return
      const imported = merge(this.imported, scripts.flatMap(importsIn), files)
      if (countOf(imported) === countOf(this.imported)) return { files: [], inputs: [] }
      const built = await buildAll(imported, folder, options)
      if (built) this.imported = imported
      return built
    },
  }
}

/** A name for a dependency's file, which contains its version. */
function nameOf(file: string): string {
  const [name = ''] =
    /^(@[^/\\]+[/\\])?[^/\\]+/.exec(file.slice(file.lastIndexOf(DEPENDENCY) + DEPENDENCY.length)) ?? []
  return `${name.replace(/[/\\]/, '-')}-${createHash('sha256').update(file).digest('hex').slice(0, 8)}`
}

/** The import statements in esbuild's output, as `import a, { b as c } from "URL";`. */
function importsIn(text: string): [url: string, names: string[]][] {
  const statements = text.matchAll(
    /^import (?:([\w$]+)?(?:, )?(?:\* as ([\w$]+)|\{([^}]*)\})? from )?"(file:[^"]+)";$/gm,
  )
  return Array.from(statements, ([statement, byDefault, namespace, named = '', url = '']) => {
    const names = namespace
      ? membersOf(namespace, text.replace(statement, ''))
      : named.split(',').map((name) => name.trim().split(' as ')[0] ?? '')
    return [url, [...(byDefault ? ['default'] : []), ...names.filter((name) => name !== '')]]
  })
}

/** What code uses of a namespace: all of zod has 40 languages, which every function would load. */
function membersOf(namespace: string, text: string): string[] {
  // Not in a longer name, a path or a regular expression.
  const alone = String.raw`(?<![\w$./\\-])${namespace.replaceAll('$', String.raw`\$`)}(?![\w$])`
  const uses = text.matchAll(new RegExp(String.raw`${alone}(?:\.([\w$]+))?`, 'g'))
  return Array.from(uses, ([, name]) => name ?? '*')
}

function merge(
  built: Imported,
  found: [url: string, names: string[]][],
  files: ReadonlyMap<string, string>,
): Imported {
  const imported: Imported = new Map(built)
  for (const [url, names] of found) {
    const file = files.get(url)
    if (file) imported.set(file, new Set([...(imported.get(file) ?? []), ...names]))
  }
  return imported
}

const countOf = (imported: Imported) => [...imported.values()].reduce((sum, names) => sum + 1 + names.size, 0)

/** @returns undefined if one has not what is imported: a build together with the code says where in it that is */
async function buildAll(
  imported: Imported,
  folder: string,
  options: BuildOptions,
): Promise<BuiltDependencies | undefined> {
  const sources = join(folder, 'imported')
  await mkdir(sources, { recursive: true })
  const entryPoints = Array.from(imported, async ([file, names]) => {
    const path = join(sources, `${nameOf(file)}.mjs`)
    await writeFile(path, exportsOf(file, names))
    return path
  })
  try {
    const { outputFiles, metafile } = await build({
      ...options,
      entryPoints: await Promise.all(entryPoints),
      outbase: sources,
      outdir: folder,
      chunkNames: 'chunks/[name]-[hash]',
      metafile: true,
      write: false,
    })
    const entries = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint)
    // Which `export *` finds in no CommonJS module.
    const haveNames = entries.every(({ exports }) => exports.length > 0)
    return haveNames ? { files: outputFiles, inputs: Object.keys(metafile.inputs) } : undefined
  } catch {
    return undefined
  }
}

function exportsOf(file: string, names: ReadonlySet<string>): string {
  const from = `from ${JSON.stringify(file)}`
  if (!names.has('*')) return `export { ${[...names].join(', ')} } ${from}`
  return `export * ${from}${names.has('default') ? `\nexport { default } ${from}` : ''}`
}
