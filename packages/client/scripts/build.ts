/**
 * `pnpm --filter @darkroom/client build`: writes the package that is published to `dist`: two minified ES modules with their
 * source maps, the type declarations, README and LICENSE. Fails if a module is too large.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Minified and gzipped. */
const MAX_BYTES = { index: 8000, react: 2000 }

const packageFolder = join(import.meta.dirname, '..')
const dist = join(packageFolder, 'dist')
rmSync(dist, { recursive: true, force: true })

const entries = Object.keys(MAX_BYTES) as (keyof typeof MAX_BYTES)[]
await build({
  entryPoints: entries.map((entry) => join(packageFolder, 'src', `${entry}.ts`)),
  outdir: dist,
  bundle: true,
  minify: true,
  sourcemap: true,
  format: 'esm',
  target: 'es2022',
  // The React entry imports the client by its name, so that an application has it once.
  external: ['@darkroom/client', 'react'],
})

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
execFileSync(process.execPath, [tsc, '-p', join(packageFolder, 'tsconfig.build.json')], { stdio: 'inherit' })

const {
  private: _,
  scripts,
  devDependencies,
  ...manifest
} = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'))
const published = {
  ...manifest,
  exports: {
    '.': { types: './index.d.ts', default: './index.js' },
    './react': { types: './react.d.ts', default: './react.js' },
    './package.json': './package.json',
  },
  repository: findRepository(),
  publishConfig: { access: 'public', provenance: true },
}
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
cpSync(join(packageFolder, 'README.md'), join(dist, 'README.md'))
cpSync(join(packageFolder, '..', '..', 'LICENSE'), join(dist, 'LICENSE'))

for (const entry of entries) {
  const file = join(dist, `${entry}.js`)
  const bundle = readFileSync(file)
  const gzipped = gzipSync(bundle, { level: 9 }).length
  console.log(
    `${relative('.', file)}: ${bundle.length} bytes minified, ${gzipped} of at most ${MAX_BYTES[entry]} gzipped`,
  )
  if (gzipped > MAX_BYTES[entry]) process.exitCode = 1
}

/** npm's provenance compares it with the repository that publishes. A clone of no public address builds without it. */
function findRepository() {
  try {
    const command = ['config', '--get', 'remote.origin.url']
    const url = execFileSync('git', command, { cwd: packageFolder, encoding: 'utf8' }).trim()
    return /^(https|ssh|git)|^git@/.test(url) ? { type: 'git', url, directory: 'packages/client' } : undefined
  } catch {
    return undefined
  }
}
