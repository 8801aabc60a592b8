/**
 * Measures how long Lightmeter takes to load as static files in headless Chromium, from the click until all charts are
 * drawn. `pnpm bench:dashboard [--images N,N,…] [--visits N]`
 *
 * The images are generated, over 90 days. Exits with 1 if the p95 of a first visit is over a second.
 */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { scriptOptions } from '@darkroom/terminal'
import { openBrowser } from '@darkroom/testing'
import type { Browser, BrowserContext } from 'playwright-core'
import { serveFolder } from '../test/dashboard/serve-folder.ts'
import { writtenDashboard } from '../test/dashboard/written-dashboard.ts'
import { printPercentiles } from './percentile-table.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: {
    images: { type: 'string', default: '100,100000' },
    visits: { type: 'string', default: '20' },
  },
})

const DAYS = 90
const TARGET_MS = 1000

/** Init script: records when everything is drawn, since the start of the navigation. */
const WATCH = `
  globalThis.drawn = new Promise((resolve) => {
    const check = () => {
      const graphs = document.querySelectorAll('.graph svg path').length > 0 &&
        document.querySelectorAll('.graph svg').length === 4 && document.querySelector('.strip')
      if (graphs) requestAnimationFrame(() => resolve(performance.now()))
      else requestAnimationFrame(check)
    }
    check()
  })`

/** Time until drawn and time of the main thread, in milliseconds. */
interface Visit {
  drawn: number
  cpu: number
}

/** All charts over all days. */
async function visit(context: BrowserContext, url: string): Promise<Visit> {
  const page = await context.newPage()
  const inspector = await context.newCDPSession(page)
  await inspector.send('Performance.enable', { timeDomain: 'threadTicks' })
  await page.goto(`${url}?days=${DAYS}`)
  const drawn = await page.evaluate<number>('drawn')
  const { metrics } = await inspector.send('Performance.getMetrics')
  await page.close()
  return { drawn, cpu: 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) }
}

async function measure(browser: Browser, url: string): Promise<{ first: Visit[]; second: Visit[] }> {
  const first: Visit[] = []
  const second: Visit[] = []
  // The first visit also starts the browser itself.
  for (let n = 0; n <= Number(options.visits); n++) {
    const context = await browser.newContext()
    await context.addInitScript(WATCH)
    const visits = { first: await visit(context, url), second: await visit(context, url) }
    await context.close()
    if (n === 0) continue
    first.push(visits.first)
    second.push(visits.second)
  }
  return { first, second }
}

const browser = await openBrowser()
let worst = 0
for (const images of options.images.split(',').map(Number)) {
  const written = await writtenDashboard(images, DAYS)
  const server = await serveFolder(written.folder)
  const { size } = await stat(join(written.folder, 'figures.json'))
  console.log(`\n${images.toLocaleString('en')} images, figures.json ${(size / 1000).toFixed(0)} kB`)
  const { first, second } = await measure(browser, server.url)
  printPercentiles({
    'first visit': first.map(({ drawn }) => drawn),
    '  CPU of its main thread': first.map(({ cpu }) => cpu),
    'second visit': second.map(({ drawn }) => drawn),
    '  CPU of its main thread ': second.map(({ cpu }) => cpu),
  })
  const sorted = first.map(({ drawn }) => drawn).toSorted((a, b) => a - b)
  worst = Math.max(worst, sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN)
  await server.stop()
  await written.stop()
}
await browser.close()
if (!(worst <= TARGET_MS)) process.exitCode = 1
