import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { unzipSync, zipSync } from 'fflate'

/** Version 0.1.0, as `keep-release.ts` has kept it. */
export const RELEASE_FILE = fileURLToPath(new URL('previous-release.json.br', import.meta.url))

/** By `service/file`: the text of a template, or the files of a zip. */
export type Release = Record<string, string | Record<string, string>>

/** Of the previous release, which knew its API keys by their hashes in a parameter of SSM. */
const KEY_HASHES = '{{resolve:ssm:/darkroom/prod/api-key-hashes}}'

/**
 * Writes the packages of the previous release for the stage prod into `folder/{service}/package`, each beside a `serverless.json` with
 * which the framework deploys it: today's serverless.yml has other functions.
 *
 * @param installed a zip of today with the packages that are installed instead of bundled, which are not kept
 * @param keyHashes SHA-256 hashes of API keys by app
 */
export async function unpackPreviousRelease(
  folder: string,
  installed: string,
  keyHashes: Record<string, string[]>,
): Promise<void> {
  const release: Release = JSON.parse(brotliDecompressSync(await readFile(RELEASE_FILE)).toString())
  const hashes = JSON.stringify(JSON.stringify(keyHashes)).slice(1, -1)
  for (const [name, content] of Object.entries(release)) {
    const [service = '', base = ''] = name.split('/')
    const file = join(folder, service, 'package', base)
    await mkdir(dirname(file), { recursive: true })
    if (typeof content === 'string') await writeFile(file, content.replaceAll(KEY_HASHES, hashes))
    else await writeFile(file, await zip(content, base === 'processImages.zip' ? installed : undefined))
    if (base === 'serverless-state.json')
      await writeFile(join(folder, service, 'serverless.json'), configurationOf(String(content)))
  }
}

async function zip(code: Record<string, string>, installed?: string): Promise<Uint8Array> {
  const files = Object.fromEntries(Object.entries(code).map(([path, text]) => [path, Buffer.from(text)]))
  if (!installed) return zipSync(files)
  const others = unzipSync(await readFile(installed), {
    filter: ({ name }) => name.startsWith('node_modules/'),
  })
  return zipSync({ ...files, ...others }, { level: 0 })
}

/** The state refers to parts of itself, so of the functions only what the framework reads is taken. */
function configurationOf(state: string): string {
  const { service } = JSON.parse(state)
  const { name, runtime, stage, region, deploymentBucketObject } = service.provider
  const functions = Object.keys(service.functions).map((key) => [
    key,
    { handler: service.functions[key].handler },
  ])
  return JSON.stringify({
    service: service.service,
    provider: { name, runtime, stage, region, deploymentBucket: deploymentBucketObject },
    package: { individually: true },
    functions: Object.fromEntries(functions),
  })
}
