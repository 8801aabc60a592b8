/**
 * `pnpm screenshots:terminal`: retakes the pictures in docs/terminal. Runs `pnpm dev` and `pnpm demo` in a pseudo-terminal of
 * 80 columns (dark) and of 120 (light), and draws their real output with xterm.js. Needs `script` of util-linux.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Endpoints, findPhotographs, freePorts, portVariables } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { openTerminal, type Terminal } from './open-terminal.ts'

const repositoryRoot = join(import.meta.dirname, '../..')
const folder = join(repositoryRoot, 'docs/terminal')
const xterm = createRequire(import.meta.url).resolve('@xterm/xterm/package.json')

const SIZES = [
  {
    columns: 80,
    theme: {
      background: '#16181c',
      foreground: '#d6d9de',
      red: '#ff7b72',
      green: '#3fb950',
      yellow: '#d29922',
    },
  },
  {
    columns: 120,
    theme: {
      background: '#ffffff',
      foreground: '#24292f',
      red: '#cf222e',
      green: '#1a7f37',
      yellow: '#9a6700',
    },
  },
]

type Shoot = (name: string, terminal: Terminal) => Promise<void>

async function takeDev(columns: number, environment: Record<string, string>, shoot: Shoot): Promise<void> {
  const dev = openTerminal('tools/local-stack/src/dev.ts', { columns, environment })
  await dev.sees('web-app-1')
  await shoot('starting', dev)
  await dev.sees('for all keys')
  dev.press('?')
  await dev.sees('this help')
  await shoot('idle', dev)
  for (const count of [1, 2, 3]) {
    dev.press('u')
    await dev.sees('ms  ', count)
  }
  await shoot('images', dev)
  const endpoints = await readEndpoints(environment)
  const [sample] = await findPhotographs([])
  const photograph = await readFile(sample?.path ?? '')
  await upload(endpoints, Buffer.from('Dear diary'))
  await upload(endpoints, photograph.subarray(0, photograph.length / 2))
  await dev.sees('✘', 2)
  dev.press('u')
  await dev.sees('ms  ', 4)
  await shoot('failures', dev)
  dev.press('q')
  await dev.ended
}

async function readEndpoints({ LOCAL_DIR = '' }: Record<string, string>): Promise<Endpoints> {
  return JSON.parse(await readFile(join(LOCAL_DIR, 'endpoints.json'), 'utf8'))
}

async function upload({ uploadApi, apps }: Endpoints, body: Buffer<ArrayBuffer>): Promise<void> {
  const headers = { authorization: `Bearer ${apps['web-app-1']?.apiKey}`, 'content-type': 'image/jpeg' }
  await fetch(`${uploadApi}/v1/images`, { method: 'POST', headers, body })
}

async function takeMistake(
  columns: number,
  environment: Record<string, string>,
  shoot: Shoot,
): Promise<void> {
  const equal = { ...environment, UPLOAD_API_PORT: '4999', KAFKA_PORT: '4999' }
  const mistake = openTerminal('tools/local-stack/src/dev.ts', { columns, environment: equal })
  await mistake.ended
  await shoot('mistake', mistake)
}

async function takeDemo(columns: number, environment: Record<string, string>, shoot: Shoot): Promise<void> {
  const demo = openTerminal('tools/local-stack/src/demo.ts', { columns, environment })
  await demo.ended
  await shoot('demo', demo)
}

/** In the page: writes the output into a terminal that is as high as the output needs. */
const DRAW = `async ({ output, columns, theme }) => {
  document.body.style = 'display: inline-block; margin: 0; padding: 12px; background: ' + theme.background
  const terminal = new Terminal({ cols: columns, rows: 200, theme, convertEol: true })
  terminal.open(document.body)
  await new Promise((resolve) => terminal.write(output, resolve))
  terminal.resize(columns, terminal.buffer.active.cursorY + 1)
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
}`

async function draw(page: Page, { output, columns }: Terminal, theme: object): Promise<Buffer> {
  await page.setContent('<!doctype html>')
  await page.addStyleTag({ path: join(xterm, '../css/xterm.css') })
  await page.addScriptTag({ path: join(xterm, '../lib/xterm.js') })
  await page.evaluate(`(${DRAW})(${JSON.stringify({ output, columns, theme })})`)
  return page.locator('body').screenshot()
}

await mkdir(folder, { recursive: true })
const browser = await openBrowser()
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, deviceScaleFactor: 2 })
  for (const { columns, theme } of SIZES) {
    const localFolder = join(repositoryRoot, '.local', `terminal-${columns}`)
    const environment = { ...portVariables(await freePorts()), LOCAL_DIR: localFolder }
    const shoot: Shoot = async (name, terminal) => {
      const png = await draw(page, terminal, theme)
      const file = `${name}-${columns}.png`
      const { size } = await sharp(png).png({ palette: true, effort: 10 }).toFile(join(folder, file))
      console.log(`${file}  ${Math.ceil(size / 1024)} KB`)
    }
    await takeMistake(columns, environment, shoot)
    await takeDev(columns, environment, shoot)
    await takeDemo(columns, environment, shoot)
    await rm(localFolder, { recursive: true })
  }
} finally {
  await browser.close()
}
