/**
 * `pnpm --filter @darkroom/client build`: writes the package that is published to `dist`: one minified ES module with its
 * source map, the type declarations, README and LICENSE. Fails if the module is too large.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Minified and gzipped. */
const MAX_BYTES = 8000

const packageFolder = join(import.meta.dirname, '..')
const dist = join(packageFolder, 'dist')
rmSync(dist, { recursive: true, force: true })

const outfile = join(dist, 'index.js')
await build({
  entryPoints: [join(packageFolder, 'src', 'index.ts')],
  outfile,
  bundle: true,
  minify: true,
  sourcemap: true,
  format: 'esm',
  target: 'es2022',
})

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
execFileSync(process.execPath, [tsc, '-p', join(packageFolder, 'tsconfig.build.json')], { stdio: 'inherit' })

const { name, version, description, license, type, sideEffects, engines } = JSON.parse(
  readFileSync(join(packageFolder, 'package.json'), 'utf8'),
)
const published = {
  name,
  version,
  description,
  license,
  type,
  sideEffects,
  engines,
  exports: { '.': { types: './index.d.ts', default: './index.js' } },
  publishConfig: { access: 'public', provenance: true },
}
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
cpSync(join(packageFolder, 'README.md'), join(dist, 'README.md'))
cpSync(join(packageFolder, '..', '..', 'LICENSE'), join(dist, 'LICENSE'))

const bundle = readFileSync(outfile)
const gzipped = gzipSync(bundle, { level: 9 }).length
console.log(
  `${relative('.', outfile)}: ${bundle.length} bytes minified, ${gzipped} of at most ${MAX_BYTES} gzipped`,
)
if (gzipped > MAX_BYTES) process.exitCode = 1
