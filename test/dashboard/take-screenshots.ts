/** `pnpm screenshots:dashboard`: retakes the screenshots in docs/dashboard, with headless Chromium and generated images. */
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openBrowser } from '@darkroom/testing'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { type LightmeterPage, openDashboard } from './open-dashboard.ts'
import { serveFolder } from './serve-folder.ts'
import { type WrittenDashboard, writtenDashboard } from './written-dashboard.ts'

const folder = fileURLToPath(new URL('../../docs/dashboard/', import.meta.url))
const DESKTOP = { width: 1280, height: 2340 }
const TELEPHONE = { width: 360, height: 1700 }
const SHORT = { width: 1280, height: 420 }

const PAGES = [
  { name: 'Web App #1', url: 'http://127.0.0.1:4001' },
  { name: 'Web App #2', url: 'http://127.0.0.1:4002' },
]

async function takeFull(browser: Browser, written: WrittenDashboard): Promise<void> {
  const { url, stop } = await serveFolder(written.folder)
  const desktop = await openDashboard(browser, url, { viewport: DESKTOP, locale: 'en-GB' })
  await shoot(desktop, 'desktop.jpg')
  await desktop.page.goto(`${url}?days=2&app=web-app-1`)
  await desktop.sees('Images by hour')
  await desktop.page.setViewportSize({ ...DESKTOP, height: 1000 })
  const graph = desktop.page.locator('.graph').first()
  await graph.locator('svg text').first().waitFor()
  await graph.hover({ position: { x: 620, y: 120 } })
  await graph.locator('.marker').waitFor()
  await shoot(desktop, 'hours.jpg')
  const dark = await openDashboard(browser, url, { viewport: DESKTOP, locale: 'en-GB', colorScheme: 'dark' })
  await shoot(dark, 'dark.jpg')
  await shoot(await openDashboard(browser, url, { viewport: TELEPHONE, locale: 'en-GB' }), 'telephone.jpg')
  await rm(join(written.folder, 'figures.json'))
  await shoot(await openDashboard(browser, url, { viewport: SHORT }), 'error.jpg')
  await stop()
}

async function takeEmpty(browser: Browser, written: WrittenDashboard): Promise<void> {
  const { url, stop } = await serveFolder(written.folder)
  await shoot(await openDashboard(browser, url, { viewport: SHORT }), 'empty.jpg')
  await stop()
}

async function shoot({ page }: LightmeterPage, name: string): Promise<void> {
  for (const graph of await page.locator('.graph').all()) {
    const top = (await graph.boundingBox())?.y ?? 0
    if (top < (page.viewportSize()?.height ?? 0)) await graph.locator('svg text').first().waitFor()
  }
  const png = await page.screenshot()
  const { size } = await sharp(png)
    .jpeg({ quality: 80, mozjpeg: true })
    .toFile(folder + name)
  console.log(`${basename(folder)}/${name}  ${Math.ceil(size / 1024)} KB`)
}

await mkdir(folder, { recursive: true })
const full = await writtenDashboard(12_000, 60)
const empty = await writtenDashboard(0, 1, PAGES)
const browser = await openBrowser()
try {
  await takeFull(browser, full)
  await takeEmpty(browser, empty)
} finally {
  await browser.close()
  await full.stop()
  await empty.stop()
}
