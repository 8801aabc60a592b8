/** `pnpm --filter @darkroom/client build`: builds one minified ES module in `dist`. Fails if it is too large. */
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Bytes, minified and gzipped. */
const MAX_BYTES = 8000

const packageFolder = join(import.meta.dirname, '..')
const outfile = join(packageFolder, 'dist', 'darkroom-client.js')
await build({
  entryPoints: [join(packageFolder, 'src', 'index.ts')],
  outfile,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
})
const bundle = await readFile(outfile)
const gzipped = gzipSync(bundle, { level: 9 }).length
console.log(
  `${relative('.', outfile)}: ${bundle.length} bytes minified, ${gzipped} of at most ${MAX_BYTES} gzipped`,
)
if (gzipped > MAX_BYTES) process.exitCode = 1
