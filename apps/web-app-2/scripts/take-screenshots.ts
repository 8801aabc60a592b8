/**
 * Takes the pictures in docs/web-app-2: the page in Chromium, against the whole local stack, wide and on a phone.
 * `pnpm screenshots:web-app-2 [FOLDER]`
 */
import { mkdir, readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { ImageStatus } from '@darkroom/core'
import { findPhotographs, freePorts, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import type { Page } from 'playwright-core'

const repositoryRoot = join(import.meta.dirname, '..', '..', '..')
const folder = resolve(repositoryRoot, process.argv[2] ?? 'docs/web-app-2')

/** How wide the page is, and how many of its frames are in the picture. */
const SIZES = {
  wide: { viewport: { width: 1060, height: 600 }, frames: 3 },
  phone: { viewport: { width: 360, height: 720 }, frames: 2 },
}
/** Bytes a second, so slow that an upload can be seen. */
const SLOW = 24 * 1024

async function takeAll(page: Page): Promise<void> {
  await page.getByText('No pictures yet.').waitFor()
  await take(page, 'before')

  const network = await emulateNetwork(page)
  const develop = await holdDeveloped(page)
  await send(page, await sample('nagasaki-boats.jpg'), 'The harbour of Nagasaki')
  await send(page, await sample('black-canyon.jpg'), 'Black Canyon, looking upstream')
  await sees(page, /^Developing$/, 2)
  await network({ uploadThroughput: SLOW })
  await send(page, await sample('french-alps.jpg'))
  await sees(page, /^Uploading · [1-9]\d %$/)
  await take(page, 'during')

  await network({})
  develop()
  await sees(page, /^Ready in/, 3)
  await page.waitForLoadState('networkidle')
  await take(page, 'after')

  const { buffer } = await sample('house-cat.jpg')
  await send(page, { name: 'half-a-cat.jpg', buffer: buffer.subarray(0, buffer.length / 2) })
  await sees(page, /^Not sent$/)
  await send(page, { name: 'diary.jpg', buffer: Buffer.from('Dear diary') })
  await sees(page, /^Not sent$/, 2)
  await network({ offline: true })
  await send(page, await sample('airplane-from-above.jpg'))
  await sees(page, /^Offline/)
  await take(page, 'refused', 100)
}

interface NamedFile {
  name: string
  buffer: Buffer
}

const samples = await findPhotographs([])

async function sample(name: string): Promise<NamedFile> {
  const found = samples.find((photograph) => photograph.name === name)
  if (!found) throw new Error(`There is no sample ${name}.`)
  return { name, buffer: await readFile(found.path) }
}

async function send(page: Page, file: NamedFile, note = ''): Promise<void> {
  await page.getByLabel('Note').fill(note)
  await page.getByLabel('Note').blur()
  await page.getByLabel('Choose pictures').setInputFiles({ ...file, mimeType: 'image/jpeg' })
}

async function sees(page: Page, text: RegExp, times = 1): Promise<void> {
  const all = page.getByText(text)
  await all.nth(times - 1).waitFor()
}

/** Until the returned function is called the page hears of every finished image what was so a moment before. */
async function holdDeveloped(page: Page): Promise<() => void> {
  let developed = false
  await page.route('**/api/images?ids=*', async (route) => {
    const response = await route.fetch()
    const selection: { items: Partial<ImageStatus>[] } = await response.json()
    if (developed) return route.fulfill({ response })
    const items = selection.items.map(({ id, acceptedAt }) => ({ id, status: 'queued', acceptedAt }))
    await route.fulfill({ response, json: { ...selection, items } })
  })
  return () => {
    developed = true
  }
}

type Network = { offline?: boolean; uploadThroughput?: number }

async function emulateNetwork(page: Page): Promise<(network: Network) => Promise<void>> {
  const devtools = await page.context().newCDPSession(page)
  const plain = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }
  return async (network) => {
    await devtools.send('Network.emulateNetworkConditions', { ...plain, ...network })
  }
}

/** @param below room for the message that the browser is offline, in pixels */
async function take(page: Page, name: string, below = 0): Promise<void> {
  for (const [size, { viewport, frames }] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport)
    await page.evaluate('Promise.all([...document.images].map((image) => image.decode().catch(() => {})))')
    const path = join(folder, `${name}-${size}.jpg`)
    await page.setViewportSize({ ...viewport, height: below + (await heightOf(page, frames)) })
    await page.screenshot({ path, type: 'jpeg', quality: 72, animations: 'disabled' })
    console.log(relative(repositoryRoot, path))
  }
  await page.setViewportSize(SIZES.wide.viewport)
}

/** Down to the end of the first frames, or of the page if it has none. */
async function heightOf(page: Page, frames: number): Promise<number> {
  const boxes = await Promise.all((await page.getByRole('article').all()).map((frame) => frame.boundingBox()))
  const ends = boxes.slice(0, frames).map((box) => (box ? box.y + box.height : 0))
  const end = ends.length > 0 ? Math.max(...ends) : await page.locator('main').evaluate(bottomOf)
  return Math.ceil(end) + 16
}

function bottomOf(element: { getBoundingClientRect(): { bottom: number } }): number {
  return element.getBoundingClientRect().bottom
}

await mkdir(folder, { recursive: true })
const stack = await startStack({ ports: await freePorts() })
const browser = await openBrowser()
try {
  const page = await browser.newPage({
    viewport: SIZES.wide.viewport,
    deviceScaleFactor: 1.25,
    colorScheme: 'light',
    reducedMotion: 'reduce',
  })
  await page.goto(stack.endpoints.webApp2)
  await takeAll(page)
} finally {
  await browser.close()
  await stack.stop()
}
