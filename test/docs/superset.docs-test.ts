import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { UploadAccepted } from '@darkroom/core'
import { findPhotographs, freePort, freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { writeEndpoints } from '@darkroom/local-stack/endpoints'
import { openBrowser } from '@darkroom/testing'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Browser, type Locator, type Page, selectors } from 'playwright-core'
import sharp from 'sharp'
import { postPicture } from '../kafka/post-picture.ts'

const command = fileURLToPath(new URL('../../docs/superset/try.sh', import.meta.url))

/**
 * The expected texts of Superset's charts, for three photographs, a broken image and a refused file over HTTP, and one photograph
 * in two sizes over Kafka, the second one with a note.
 */
const SHOWN = {
  Images: /^6$/,
  Failed: /^16\.7$/,
  'Ready within': /^\d+\.\d+$/,
  'Bytes saved': /^-?\d+$/,
  'Failures by reason': /corrupt-image/,
  Formats: /image\/jpeg/,
  Cameras: /iPhone/,
  'Refusals by reason': /unsupported-media-type/,
  'From attempt to image': /20\.0/,
}
const DRAWN = ['Images by app and source', 'Time to ready', 'Near duplicates', 'Estimated cost', 'Attempts']

/** Superset's attribute for test ids. */
selectors.setTestIdAttribute('data-test')

let folder: string
let stack: Stack
let superset: ChildProcess
let browser: Browser
let page: Page

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
  process.env.LOCAL_DIR = folder
  stack = await startStack({ ports: await freePorts(), dataDir: join(folder, 'data') })
  await writeEndpoints(stack.endpoints)
  await sendImages()
  superset = spawn('bash', [command], {
    env: { ...process.env, SUPERSET_PORT: String(await freePort()) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { url, password } = await waitForUrl(superset)
  browser = await openBrowser()
  page = await browser.newPage({ viewport: { width: 1280, height: 2000 } })
  page.setDefaultTimeout(60_000)
  await signIn(url, password)
})

afterAll(async () => {
  await browser?.close()
  superset?.kill()
  await stack?.stop()
  await rm(folder, { recursive: true })
})

async function sendImages(): Promise<void> {
  const photographs = await findPhotographs([])
  const [first, second, ...more] = await Promise.all(photographs.map(({ path }) => readFile(path)))
  const third = more.at(-1)
  if (!first || !second || !third) throw new Error('there are no photographs')
  const headers = { authorization: `Bearer ${stack.endpoints.apps['web-app-1']?.apiKey}` }
  const api = `${stack.endpoints.uploadApi}/v1/images`
  for (const body of [first, second, third, await brokenPng()]) {
    const answer = await fetch(api, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(body),
    })
    await waitUntilFinished(UploadAccepted.parse(await answer.json()).id, headers)
  }
  const refused = await fetch(api, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    body: '%PDF-1.7',
  })
  expect(refused.status).toBe(415)
  for (const [image, note] of [
    [first, undefined],
    [await sharp(first).resize(800).jpeg().toBuffer(), 'Low tide'],
  ] as const) {
    const answer = await postPicture(stack.endpoints.webApp2, image, { note })
    const apiKey = stack.endpoints.apps['web-app-2']?.apiKey
    const { id } = (await answer.json()) as { id: string }
    await waitUntilFinished(id, { authorization: `Bearer ${apiKey}` })
  }
}

async function waitUntilFinished(id: string, headers: Record<string, string>): Promise<void> {
  for (;;) {
    const url = `${stack.endpoints.uploadApi}/v1/images/${id}`
    const answer = await fetch(url, { headers: { ...headers, prefer: 'wait=20' } })
    const { status } = (await answer.json()) as { status: unknown }
    if (status === 'processed' || status === 'failed') return
  }
}

/** The header is valid, but the image data cannot be decoded. */
async function brokenPng(): Promise<Buffer> {
  const png = await sharp({ create: { width: 60, height: 40, channels: 3, background: 'teal' } })
    .png()
    .toBuffer()
  return png.fill(0x5a, png.indexOf('IDAT') + 4, png.length - 20)
}

/** Waits for the line that the command prints before Superset starts. */
async function waitForUrl({ stdout }: ChildProcess): Promise<{ url: string; password: string }> {
  if (!stdout) throw new Error('there is no output')
  for await (const line of createInterface(stdout)) {
    const [, url, password] = /^Superset: (\S+) .*password (\S+)$/.exec(line) ?? []
    if (url && password) return { url, password }
  }
  throw new Error('Superset was not started')
}

/**
 * The sign-in page sends its usage log without a session, and Superset answers with a new anonymous one. Where that
 * answer arrives after the one to the sign-in, it replaces the session of the user, so the log is not sent.
 */
async function signIn(url: string, password: string): Promise<void> {
  await waitUntilListening(url)
  await page.route('**/superset/log/**', (route) => route.abort())
  await page.goto(url, { waitUntil: 'networkidle' })
  await page.locator('#username').fill('admin')
  await page.locator('#password').fill(password)
  await page.keyboard.press('Enter')
}

async function waitUntilListening(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(new URL('/health', url)).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

function chart(name: string): Locator {
  const title = page.getByRole('link', { name, exact: true }).or(page.getByText(name, { exact: true }))
  return page.getByTestId('chart-grid-component').filter({ has: title })
}

const shows = (name: string, text: RegExp | string) => chart(name).getByText(text).first().waitFor()

test('every chart shows the images', async () => {
  for (const [name, text] of Object.entries(SHOWN)) await shows(name, text)
  for (const name of DRAWN) await chart(name).locator('canvas').first().waitFor()
  expect(await page.getByTestId('chart-grid-component').count()).toBe(
    Object.keys(SHOWN).length + DRAWN.length,
  )
})

test('the filters of the app and of a declared attribute work', async () => {
  const lists = page.getByRole('combobox')
  await lists.nth(1).waitFor()
  // The last filters are those of the app and of the only declared attribute.
  const [app, note] = (await lists.all()).slice(-2)
  if (!app || !note) throw new Error('there are no filters')
  await choose(app, 'web-app-2')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Apply filters' }).click()
  await shows('Images', /^2$/)
  await shows('Failures by reason', 'No results were returned')
  await choose(note, 'Low tide')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Apply filters' }).click()
  await shows('Images', /^1$/)
  await page.getByRole('button', { name: 'Clear all' }).click()
  await shows('Images', /^6$/)
})

test('the time filter works', async () => {
  for (const [period, images] of [
    ['current day', /^6$/],
    ['previous calendar year', /^0$/],
  ] as const) {
    await chooseTime(period)
    await shows('Images', images)
  }
})

/** By keyboard: the list of options moves when it opens, and a click on it can miss. */
async function choose(list: Locator, option: string): Promise<void> {
  await list.press('Enter')
  await list.fill(option)
  await page.locator('.ant-select-item-option-active').getByText(option, { exact: true }).waitFor()
  await list.press('Enter')
}

async function chooseTime(period: string): Promise<void> {
  const type = period.startsWith('current') ? 'Current' : 'Previous'
  const choice = page.getByRole('radio', { name: new RegExp(`^${period}$`, 'i') })
  await page.getByTestId('time-range-trigger').click()
  await choose(page.getByTestId('Range type').getByRole('combobox'), type)
  await choice.check()
  await page.getByRole('button', { name: /^apply$/i }).click()
  await page.getByRole('button', { name: 'Apply filters' }).click()
}
