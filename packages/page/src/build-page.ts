import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { type BuildOptions, build, stop } from 'esbuild'

/** What `index.html` refers to in its own folder, such as `src="loupe.tsx"`. */
const REFERENCE = /(?<=\s(?:src|href)=")(?!\/)[\w./-]+(?=")/g

export interface BuiltPage {
  /** The files in the folder, `index.html` last. */
  names: string[]
  /** Every file that the page is made of, absolute: those of packages, too. */
  inputs: string[]
}

/**
 * Builds the page whose `index.html` is in `source`. Each script, style sheet and image that it refers to is bundled into a
 * file whose name contains a hash of its content, so a browser can keep it for ever; only `index.html` keeps its name.
 *
 * @throws Error with esbuild's message
 */
export async function buildPage(source: string, folder: string): Promise<BuiltPage> {
  const html = await readFile(join(source, 'index.html'), 'utf8')
  const { outputFiles, metafile } = await bundle({
    absWorkingDir: source,
    entryPoints: [...new Set(html.match(REFERENCE))],
    outdir: folder,
  })
  const nameOf = (path: string) => relative(folder, path).split(sep).join('/')
  const builtNames = new Map(
    Object.entries(metafile.outputs).map(([path, { entryPoint }]) => [
      entryPoint,
      nameOf(join(source, path)),
    ]),
  )
  const files = outputFiles.map(({ path, contents }) => ({ name: nameOf(path), body: Buffer.from(contents) }))
  const builtHtml = html.replace(REFERENCE, (name) => builtNames.get(name) ?? name)
  files.push({ name: 'index.html', body: Buffer.from(builtHtml) })
  await mkdir(folder, { recursive: true })
  for (const { name, body } of files) await writeIfChanged(join(folder, name), body)
  const inputs = ['index.html', ...Object.keys(metafile.inputs)].map((path) => join(source, path))
  return { names: files.map(({ name }) => name), inputs }
}

const BUNDLE = {
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  write: false,
  metafile: true,
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2023',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
  logLevel: 'silent',
  // By default a warning, and the rest of the style sheet is left out.
  logOverride: { 'css-syntax-error': 'error' },
} satisfies BuildOptions

/** Builds that run. */
let running = 0

async function bundle(options: Pick<BuildOptions, 'absWorkingDir' | 'outdir'> & { entryPoints: string[] }) {
  running++
  try {
    return await build({ ...BUNDLE, ...options })
  } finally {
    running--
    // An idle esbuild keeps 100 MB. The next build starts another one in milliseconds.
    if (running === 0) await stop()
  }
}

/**
 * An unchanged file keeps its time of change, and so its ETag. The others are replaced as a whole, because another process
 * can serve them or build the same page at the same time.
 */
export async function writeIfChanged(path: string, body: Buffer): Promise<void> {
  const existing = await readFile(path).catch(() => undefined)
  if (existing?.equals(body)) return
  const partial = `${path}.${process.pid}.part`
  await writeFile(partial, body)
  await rename(partial, path)
}
