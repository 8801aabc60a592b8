/**
 * Measures what a user sees: photographs of 2 to 3 megapixels are uploaded one after another with Web App #1 in headless
 * Chromium and the local stack. `pnpm bench:feedback [--images N] [--photos DIR]`
 *
 * With `--batch N` it selects N photographs at once instead, over an uplink of `--mbits` (default: 3), and also reports what
 * the waiting costs: the status requests and the time they took. The window is `--height` pixels high (default:
 * 12000, so that all pictures are in it and are loaded).
 *
 * Browser, services and this process share one clock. The commit time is `finishedAt`, which the processor sets before it
 * writes the metadata document.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ImageStatus } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { openBrowser } from '@darkroom/testing'
import { longestTask } from '@darkroom/testing/longest-task'
import type { Page } from 'playwright-core'
import { photographs } from '../services/image-processor/test/bench-photographs.ts'
import { type LoupePage, openPage } from '../test/web-app-1/open-page.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: {
    images: { type: 'string', default: '40' },
    batch: { type: 'string' },
    height: { type: 'string', default: '12000' },
    mbits: { type: 'string', default: '3' },
    photos: { type: 'string' },
  },
})

/** Megapixels. */
const SIZES = [2.2, 2.5, 3]
/** Warm-up photographs, so that every function has started. */
const WARM_UP = 6
const TIMEOUT_MS = 60_000
const BATCH_TIMEOUT_MS = 20 * 60_000

/** Unix time in milliseconds, by the page's clock. */
interface Seen {
  id: string
  /** The page has received the file. */
  chosen: number
  /** The page reports that the picture is developed. */
  reported: number
  /** The developed image has been painted. Below the window it is not loaded before the user scrolls: as reported. */
  painted: number
}

/** Init script: records when visible states change, and layout shifts. */
const WATCH = `
  globalThis.seen = {}
  globalThis.layoutShift = 0
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) layoutShift += value
  }).observe({ type: 'layout-shift', buffered: true })
  const now = () => performance.timeOrigin + performance.now()
  addEventListener('change', ({ target }) => {
    for (const { name } of target.files ?? []) seen[name] = { chosen: now() }
  }, true)
  new MutationObserver(() => {
    for (const frame of document.querySelectorAll('article[data-stage=ready]')) {
      const moments = seen[frame.querySelector('h3').textContent]
      if (!moments || moments.loaded) continue
      moments.id = frame.dataset.id
      moments.reported ??= now()
      if (!frame.querySelector('img.loaded') && frame.getBoundingClientRect().top < innerHeight) continue
      moments.loaded = true
      requestAnimationFrame(() => setTimeout(() => (moments.painted = now())))
    }
  }).observe(document, { subtree: true, childList: true, attributes: true })`

async function sendOne({ page, choose }: LoupePage, name: string, buffer: Buffer): Promise<Seen> {
  await choose({ name, mimeType: 'image/jpeg', buffer })
  const moments = `globalThis.seen[${JSON.stringify(name)}]`
  await page.waitForFunction(`${moments}?.painted`, undefined, { timeout: TIMEOUT_MS })
  return page.evaluate(moments)
}

async function committedAt({ endpoints }: Stack, id: string): Promise<number> {
  const authorization = `Bearer ${endpoints.apps['web-app-1']?.apiKey}`
  const answer = await fetch(`${endpoints.uploadApi}/v1/images/${id}`, { headers: { authorization } })
  return Date.parse(ImageStatus.parse(await answer.json()).finishedAt ?? '')
}

async function measure(stack: Stack, loupe: LoupePage, files: Buffer[]): Promise<Record<string, number>[]> {
  const send = (index: number) =>
    sendOne(loupe, `photograph-${index}.jpg`, files[index % files.length] ?? Buffer.alloc(0))
  const images = Number(options.images)
  console.log(`${images} photographs, one after another …`)
  const samples: Record<string, number>[] = []
  for (let index = 0; index < images; index++) {
    const { id, chosen, reported, painted } = await send(WARM_UP + index)
    const committed = await committedAt(stack, id)
    samples.push({
      'file chosen → commit': committed - chosen,
      'commit → the page reports it': reported - committed,
      'the page reports it → on screen': painted - reported,
      'file chosen → on screen': painted - chosen,
    })
  }
  return samples
}

function row(title: string, values: number[]): string[] {
  const sorted = values.toSorted((a, b) => a - b)
  const cells = [0.5, 0.95, 1].map((part) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN)
  return [title, ...cells.map((cell) => `${Math.round(cell)} ms`)]
}

/** Milliseconds that each status request of the page took, which includes the time of its function. */
function watchStatusRequests(page: Page): number[] {
  const took: number[] = []
  page.on('requestfinished', (request) => {
    const isStatus = request.method() === 'GET' && /\/v1\/images(\/|\?ids=)/.test(request.url())
    if (isStatus) took.push(request.timing().responseEnd)
  })
  return took
}

async function sendBatch(
  loupe: LoupePage,
  files: Buffer[],
  count: number,
  mbits: number,
): Promise<string[][]> {
  const { page } = loupe
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-feedback-'))
  const batch = Array.from({ length: count }, (_, index) => ({
    path: join(folder, `batch-${index}.jpg`),
    bytes: files[index % files.length] ?? Buffer.alloc(0),
  }))
  for (const { path, bytes } of batch) await writeFile(path, bytes)
  const megabytes = batch.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1e6
  console.log(`${count} photographs at once, ${megabytes.toFixed(1)} MB over ${mbits} Mbit/s …`)
  const network = await page.context().newCDPSession(page)
  const throughput = (mbits * 1e6) / 8
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 40,
    downloadThroughput: throughput * 4,
    uploadThroughput: throughput,
  })
  const statusRequestsMs = watchStatusRequests(page)
  await page.evaluate('layoutShift = 0')
  await browser.startTracing(page, { categories: ['toplevel'] })
  // Files from a folder, as a user's are: bytes from here would be decoded in a task of the page.
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles(batch.map(({ path }) => path))
  const all = `Object.entries(globalThis.seen)
    .filter(([name, { painted }]) => name.startsWith('batch-') && painted)
    .map(([, moments]) => moments)`
  const done = `${all}.length >= ${count}`
  await page.waitForFunction(done, undefined, { timeout: BATCH_TIMEOUT_MS, polling: 500 })
  const seen = await page.evaluate<Seen[]>(all)
  const shown = seen.map(({ chosen, painted }) => painted - chosen).sort((a, b) => a - b)
  await rm(folder, { recursive: true })
  const layoutShift = await page.evaluate<number>('layoutShift')
  const { clockMs, processorMs } = longestTask(await browser.stopTracing())
  const seconds = (milliseconds = 0) => `${(milliseconds / 1000).toFixed(1)} s`
  return [
    ['first on screen', seconds(shown[0])],
    ['half on screen', seconds(shown[Math.floor(count / 2)])],
    ['all on screen', seconds(shown.at(-1))],
    ['status requests', String(statusRequestsMs.length)],
    ['time of status requests', seconds(statusRequestsMs.reduce((sum, ms) => sum + ms, 0))],
    ['cumulative layout shift', layoutShift.toFixed(3)],
    ['longest task of the page: by the clock', `${Math.round(clockMs)} ms`],
    ['of processor time', `${Math.round(processorMs)} ms`],
  ]
}

const stack = await startStack({ ports: await freePorts() })
const browser = await openBrowser()
try {
  const viewport = { width: 1280, height: options.batch ? Number(options.height) : 900 }
  const loupe = await openPage(browser, stack.endpoints.webApp1, { viewport, script: WATCH, bypassCSP: true })
  const found = await photographs(SIZES, options.photos)
  const files = await Promise.all(found.map(({ path }) => readFile(path)))
  console.log(found.map(({ name, megapixels }) => `${name} (${megapixels.toFixed(1)} MP)`).join(', '))
  for (let index = 0; index < WARM_UP; index++)
    await sendOne(loupe, `photograph-${index}.jpg`, files[index % files.length] ?? Buffer.alloc(0))
  if (options.batch) {
    const rows = await sendBatch(loupe, files, Number(options.batch), Number(options.mbits))
    console.log(formatTable(['', ''], rows))
  } else {
    const samples = await measure(stack, loupe, files)
    const rows = Object.keys(samples[0] ?? {}).map((title) =>
      row(
        title,
        samples.map((sample) => sample[title] ?? Number.NaN),
      ),
    )
    console.log(formatTable(['', 'p50', 'p95', 'max'], rows))
  }
} finally {
  await browser.close()
  await stack.stop()
}
