import { join, relative, sep } from 'node:path'
import { build } from 'esbuild'

const page = join(import.meta.dirname, '..', 'page')

/** A built file of the page. */
export interface PageFile {
  /** `lightmeter.js` */
  name: string
  body: Buffer
}

/** Bundles the page in memory, in about half a second. @throws Error with esbuild's message */
export async function buildPage(): Promise<PageFile[]> {
  const { outputFiles } = await build({
    entryPoints: ['lightmeter.tsx', 'lightmeter.css', 'index.html', 'icon.svg'].map((name) =>
      join(page, name),
    ),
    outdir: page,
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.html': 'copy', '.svg': 'copy' },
    logLevel: 'silent',
  })
  return outputFiles.map(({ path, contents }) => ({
    name: relative(page, path).split(sep).join('/'),
    body: Buffer.from(contents),
  }))
}
