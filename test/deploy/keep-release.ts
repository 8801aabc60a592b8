/**
 * Keeps a release for the test that upgrades it: `pnpm keep-release FOLDER`, where FOLDER has what `serverless package --stage prod`
 * made of each service, in a folder of its name. See README.md.
 */

import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { scriptOptions } from '@darkroom/terminal'
import { transform } from 'esbuild'
import { unzipSync } from 'fflate'
import { RELEASE_FILE, type Release } from './previous-release.ts'

const [folder = ''] = scriptOptions(import.meta.filename, { allowPositionals: true }).positionals
const release: Release = {}
for (const file of globSync('*/*.{json,zip}', { cwd: folder }).sort()) {
  const content = readFileSync(join(folder, file))
  release[file] = file.endsWith('.zip') ? await codeOf(content) : content.toString()
}

const params = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS }
writeFileSync(RELEASE_FILE, brotliCompressSync(JSON.stringify(release), { params }))
console.log(`${RELEASE_FILE}: ${statSync(RELEASE_FILE).size} bytes, ${Object.keys(release).length} files`)

/** What is bundled, without comments: installed packages are too large to keep, and source maps run nothing. */
async function codeOf(zip: Uint8Array): Promise<Record<string, string>> {
  const bundled = Object.entries(unzipSync(zip)).filter(
    ([path]) => path.endsWith('.mjs') && !path.startsWith('node_modules/'),
  )
  const files = bundled.map(async ([path, content]) => {
    const { code } = await transform(Buffer.from(content).toString(), {
      minifyWhitespace: true,
      legalComments: 'none',
    })
    return [path, code] as const
  })
  return Object.fromEntries(await Promise.all(files))
}
