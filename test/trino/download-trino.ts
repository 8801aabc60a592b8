import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

/** The last that Maven Central has as one file; it needs Java 24. Athena's engine 3 does not say which one it is. */
const VERSION = '476'
const ARCHIVE = `https://repo.maven.apache.org/maven2/io/trino/trino-server/${VERSION}/trino-server-${VERSION}.tar.gz`
const CACHE = fileURLToPath(new URL(`../../node_modules/.cache/darkroom/trino-${VERSION}`, import.meta.url))
/** The connectors that are used; there are fifty more. */
const CONNECTORS = ['hive', 'iceberg']

/**
 * Trino from Maven Central (820 MB), fetched once.
 * @returns the folder that holds it
 */
export async function downloadTrino(): Promise<string> {
  if (existsSync(CACHE)) return CACHE
  await mkdir(dirname(CACHE), { recursive: true })
  const folder = await mkdtemp(`${CACHE}-`)
  try {
    await unpack(folder)
    for (const plugin of await readdir(join(folder, 'plugin'))) {
      if (!CONNECTORS.includes(plugin)) await rm(join(folder, 'plugin', plugin), { recursive: true })
    }
    await rename(folder, CACHE)
    return CACHE
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function unpack(folder: string): Promise<void> {
  const { ok, status, body } = await fetch(ARCHIVE)
  if (!ok || !body) throw new Error(`${ARCHIVE} answers ${status}`)
  const tar = spawn('tar', ['xz', '-C', folder, '--strip-components=1'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const ended = once(tar, 'exit')
  await pipeline(Readable.fromWeb(body), tar.stdin)
  const [code] = await ended
  if (code !== 0) throw new Error(`tar could not unpack ${ARCHIVE}: exit code ${code}`)
}
