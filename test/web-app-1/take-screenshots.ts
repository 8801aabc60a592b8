/** `pnpm screenshots:web-app-1`: retakes the screenshots in docs/web-app-1 with headless Chromium on the local stack. */
import { mkdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findPhotographs, freePorts, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import type { CDPSession, Locator } from 'playwright-core'
import sharp from 'sharp'
import { type LoupePage, openPage } from './open-page.ts'

const folder = fileURLToPath(new URL('../../docs/web-app-1/', import.meta.url))
const DESKTOP = { width: 1280, height: 1000 }
const PHONE = { width: 360, height: 1100 }
/** Slow enough to show the upload's progress. */
const SLOW_BYTES_PER_SECOND = 30_000

/** The demo's historical photographs. */
async function samples() {
  const found = (await findPhotographs([])).filter(({ path }) => path.includes('@stdlib'))
  const files = found.map(async ({ name, path }) => ({
    name,
    mimeType: 'image/jpeg',
    buffer: await readFile(path),
  }))
  return Promise.all(files)
}

async function takeAll({ page, choose, frame, sees }: LoupePage): Promise<void> {
  const [last, ...photographs] = await samples()
  if (!last) throw new Error('There are no sample photographs.')
  for (const photograph of photographs) {
    await choose(photograph)
    await isShown(frame(photograph.name))
  }
  const network = await page.context().newCDPSession(page)
  await throttle(network, SLOW_BYTES_PER_SECOND)
  await choose(last)
  await sees(/^Uploading · [3-9]\d %/, frame(last.name))
  await shoot(page, 'desktop.jpg')
  await throttle(network, -1)
  await isShown(frame(last.name))
  await frame(last.name).getByRole('link').click()
  await isShown(page.getByRole('dialog'))
  await shoot(page, 'larger.jpg')
  await page.keyboard.press('Escape')
  await choose({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear diary') })
  await choose({ ...last, name: 'cut-off.jpg', buffer: last.buffer.subarray(0, last.buffer.length / 2) })
  await sees(/isn’t supported/, frame('notes.txt'))
  await sees(/is truncated/, frame('cut-off.jpg'))
  await shoot(page, 'refused.jpg')
  for (const name of ['notes.txt', 'cut-off.jpg'])
    await frame(name).getByRole('button', { name: 'Remove' }).click()
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize(PHONE)
  await page.context().setOffline(true)
  await choose({ ...last, name: 'ferry.jpg' })
  await sees('Waiting for a connection', frame('ferry.jpg'))
  await shoot(page, 'offline.jpg')
}

async function isShown(frame: Locator): Promise<void> {
  await frame.locator('img.loaded').waitFor()
}

async function throttle(network: CDPSession, uploadThroughput: number): Promise<void> {
  const conditions = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput }
  await network.send('Network.emulateNetworkConditions', conditions)
}

async function shoot(page: LoupePage['page'], name: string): Promise<void> {
  await page.evaluate('scrollTo(0, 0); document.activeElement.blur()')
  await page.mouse.move(0, 0)
  const png = await page.screenshot()
  const { size } = await sharp(png)
    .jpeg({ quality: 82, mozjpeg: true })
    .toFile(folder + name)
  console.log(`${basename(folder)}/${name}  ${Math.ceil(size / 1024)} KB`)
}

await mkdir(folder, { recursive: true })
const stack = await startStack({ ports: await freePorts(), services: ['upload-api', 'image-processor'] })
const browser = await openBrowser()
try {
  await takeAll(
    await openPage(browser, stack.endpoints.webApp1, { viewport: DESKTOP, reducedMotion: 'reduce' }),
  )
} finally {
  await browser.close()
  await stack.stop()
}
