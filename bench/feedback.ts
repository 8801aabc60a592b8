/**
 * Measures what a user sees: photographs of 2 to 3 megapixels are uploaded one after another with Web App #1 in headless
 * Chromium and the local stack. `pnpm bench:feedback [--images N] [--photos DIR]`
 *
 * Browser, services and this process share one clock. The commit time is `finishedAt`, which the processor sets before it
 * writes the metadata document.
 */

import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { ImageStatus } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { formatTable } from '@darkroom/terminal'
import { openBrowser } from '@darkroom/testing'
import { photographs } from '../services/image-processor/test/bench-photographs.ts'
import { type LoupePage, openPage } from '../test/web-app-1/open-page.ts'

const { values: options } = parseArgs({
  options: { images: { type: 'string', default: '40' }, photos: { type: 'string' } },
})

/** Megapixels. */
const SIZES = [2.2, 2.5, 3]
/** Warm-up photographs, so that every function has started. */
const WARM_UP = 6
const TIMEOUT_MS = 60_000

/** Unix time in milliseconds, by the page's clock. */
interface Seen {
  id: string
  /** The page has received the file. */
  chosen: number
  /** The page reports that the picture is developed. */
  reported: number
  /** The developed image has been painted. */
  painted: number
}

/** Init script: records when visible states change. */
const WATCH = `
  globalThis.seen = {}
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
      if (!frame.querySelector('img.loaded')) continue
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

async function measure(stack: Stack, loupe: LoupePage): Promise<Record<string, number>[]> {
  const found = await photographs(SIZES, options.photos)
  const files = await Promise.all(found.map(({ path }) => readFile(path)))
  const send = (index: number) =>
    sendOne(loupe, `photograph-${index}.jpg`, files[index % files.length] ?? Buffer.alloc(0))
  const images = Number(options.images)
  console.log(
    `${images} photographs, one after another: ${found.map(({ name, megapixels }) => `${name} (${megapixels.toFixed(1)} MP)`).join(', ')} …`,
  )
  const samples: Record<string, number>[] = []
  for (let index = 0; index < WARM_UP + images; index++) {
    const { id, chosen, reported, painted } = await send(index)
    if (index < WARM_UP) continue
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

const stack = await startStack({ ports: await freePorts() })
const browser = await openBrowser()
try {
  const viewport = { width: 1280, height: 900 }
  const loupe = await openPage(browser, stack.endpoints.webApp1, { viewport, script: WATCH, bypassCSP: true })
  const samples = await measure(stack, loupe)
  const rows = Object.keys(samples[0] ?? {}).map((title) =>
    row(
      title,
      samples.map((sample) => sample[title] ?? Number.NaN),
    ),
  )
  console.log(formatTable(['', 'p50', 'p95', 'max'], rows))
} finally {
  await browser.close()
  await stack.stop()
}
