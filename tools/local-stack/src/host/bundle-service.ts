import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { build, stop } from 'esbuild'
import type { Serverless } from './serverless.ts'

const { bundleTogether } = createRequire(import.meta.url)('../../../../esbuild.config.cjs')

/** Builds that run. */
let running = 0

/**
 * Builds all functions of a service. Files are written only if the build is good.
 *
 * @returns the files that it has read, relative to the service
 * @throws esbuild's BuildFailure
 */
export async function bundleService({ service, serviceDir }: Serverless, outdir: string): Promise<string[]> {
  running++
  try {
    const { metafile, outputFiles } = await build({
      ...bundleTogether(service, serviceDir, outdir),
      absWorkingDir: serviceDir,
      metafile: true,
      write: false,
    })
    await writeAll(outputFiles ?? [])
    return Object.keys(metafile?.inputs ?? {})
  } finally {
    running--
    // An idle esbuild keeps 300 MB. The next build starts another one in milliseconds.
    if (running === 0) await stop()
  }
}

async function writeAll(files: { path: string; contents: Uint8Array }[]): Promise<void> {
  const folders = new Set(files.map(({ path }) => dirname(path)))
  await Promise.all([...folders].map((folder) => mkdir(folder, { recursive: true })))
  await Promise.all(files.map(({ path, contents }) => writeFile(path, contents)))
}
