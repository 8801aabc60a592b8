import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { ARRIVAL_TIMEOUTS } from '@darkroom/core'
import statics from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { buildPage, writeIfChanged } from './build-page.ts'
import { keepPage, readKeptPage } from './kept-page.ts'

const ENCODINGS = [
  { extension: '.br', compress: promisify(brotliCompress) },
  { extension: '.gz', compress: promisify(gzip) },
]

/**
 * Serves the page in `source` at `/`. Builds it into the folder `dist` next to it, unless it is there as it would be built.
 * Files are compressed when they are built, and sent as `Accept-Encoding` allows. Those with a hash in their name are cached for
 * a year, `index.html` is revalidated by its ETag on each visit.
 *
 * @throws Error with esbuild's message
 */
export async function servePage(server: FastifyInstance, source: string): Promise<void> {
  // Fastify lets a request take for ever: whoever sends a byte a minute would keep its connection.
  Object.assign(server.server, ARRIVAL_TIMEOUTS)
  const folder = distOf(source)
  const kept = inputsOfPages.get(source) ?? (await readKeptPage(source, folder))
  if (kept) inputsOfPages.set(source, kept)
  else await refreshPage(source)
  await server.register(statics, {
    root: folder,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => reply.header('cache-control', cacheControlOf(path)),
  })
}

/** Builds a page again. Servers that serve it send the new files from then on. @throws Error with esbuild's message */
export async function refreshPage(source: string): Promise<void> {
  const folder = distOf(source)
  const begun = Date.now()
  const { names, inputs } = await buildPage(source, folder)
  inputsOfPages.set(source, inputs)
  const compressed = await Promise.all(names.map((name) => compress(folder, name)))
  // Without the note the next start takes longer.
  await keepPage(source, [...names, ...compressed.flat()], inputs, begun).catch(() => {})
}

const inputsOfPages = new Map<string, string[]>()

/** The files of a page's last good build in this process, those of packages included. */
export function inputsOf(source: string): string[] {
  return inputsOfPages.get(source) ?? []
}

const distOf = (source: string) => join(source, '..', 'dist')

function cacheControlOf(path: string): string {
  return basename(path).startsWith('index.html') ? 'no-cache' : 'public, max-age=31536000, immutable'
}

/**
 * A compressed file that is newer than the original is up to date. Brotli takes a second for a large script.
 *
 * @returns the names of the compressed files
 */
async function compress(folder: string, name: string): Promise<string[]> {
  const path = join(folder, name)
  const { mtimeMs } = await stat(path)
  for (const { extension, compress } of ENCODINGS) {
    const existing = await stat(path + extension).catch(() => undefined)
    if (existing && existing.mtimeMs >= mtimeMs) continue
    await writeIfChanged(path + extension, await compress(await readFile(path)))
  }
  return ENCODINGS.map(({ extension }) => name + extension)
}
