import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

const SYSTEM_BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/microsoft-edge',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

/** @sparticuz/chromium supports only Linux on x64. */
const hasNpmChromium = process.platform === 'linux' && process.arch === 'x64'

/** The system's Chromium, Chrome or Edge, or the one that CHROMIUM_PATH names. */
function systemBrowser(): string | undefined {
  const { CHROMIUM_PATH } = process.env
  if (CHROMIUM_PATH && !existsSync(CHROMIUM_PATH))
    throw new Error(`CHROMIUM_PATH is ${CHROMIUM_PATH}, but there is no such file.`)
  return CHROMIUM_PATH || SYSTEM_BROWSERS.find((path) => existsSync(path))
}

/** The reason why `openBrowser` cannot work on this machine, or undefined if it can. */
export function missingBrowser(): string | undefined {
  if (hasNpmChromium || systemBrowser()) return undefined
  return 'no browser found. Install Chromium, Google Chrome or Microsoft Edge, or set CHROMIUM_PATH to one.'
}

/**
 * Starts Chromium without a window: the one in CHROMIUM_PATH, or the system's, or the one from npm.
 *
 * @param switches additional command-line switches of Chromium
 */
export async function openBrowser(switches: string[] = []): Promise<Browser> {
  const missing = missingBrowser()
  if (missing) throw new Error(missing)
  const executablePath = systemBrowser()
  return chromium.launch({
    ...(executablePath ? { executablePath } : await unpackNpmChromium()),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...switches,
    ],
  })
}

const CACHE = fileURLToPath(new URL('../../../.cache/chromium/', import.meta.url))

/** The package unpacks its libraries (libnss3, libexpat, …) into TMPDIR, and only if it detects Lambda. */
const UNPACK = "await (await import('@sparticuz/chromium')).default.executablePath()"

/**
 * Unpacks Chromium, its libraries and a font once per version, into a temporary folder that is then renamed, because several
 * test processes can do it at the same time.
 */
async function unpackNpmChromium() {
  const folder = join(CACHE, npmChromiumVersion())
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}`
    await mkdir(partial, { recursive: true })
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', UNPACK], {
      cwd: import.meta.dirname,
      env: { ...process.env, TMPDIR: partial, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' },
    })
    await writeFile(join(partial, 'fonts.conf'), fontConfiguration(folder))
    await rename(partial, folder).catch(async (error) => {
      if (!existsSync(folder)) throw error
      await rm(partial, { recursive: true })
    })
  }
  return {
    executablePath: join(folder, 'chromium'),
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    },
  }
}

function npmChromiumVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  return JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8')).version
}

/** Uses the package's font (its own configuration names /tmp/fonts) and the system's fonts, if there are any. */
function fontConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <cachedir>${join(folder, 'font-cache')}</cachedir>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
</fontconfig>
`
}
