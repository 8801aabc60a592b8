import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newImageId, timeOf } from '@darkroom/core'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { openBrowser } from '@darkroom/testing'
import { findViolations } from '@darkroom/testing/find-violations'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { photograph } from '@darkroom/testing/photographs'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Browser, Locator, Page } from 'playwright-core'
import { startWebApp2, type WebApp2 } from './start-web-app-2.ts'
import { readTopic, type TopicReader } from './testing/read-topic.ts'
import { type StatusApi, startStatusApi } from './testing/start-status-api.ts'
import { PHOTOGRAPH, PHOTOGRAPH_FILE } from './testing/upload.ts'

const TOPIC = 'images.web-app-2'
const VARIANT = await photograph('nikon-d100')

describeWith(BROWSER, 'the page', () => {
  let kafka: LocalKafka
  let topic: TopicReader
  let api: StatusApi
  let app: WebApp2
  let browser: Browser
  let page: Page
  /** The state of every image in the stand-in for the upload API. */
  let stage: 'in Kafka' | 'in S3' | 'processed' | 'failed'
  /** Its list of images, newest first, in pages of two. */
  let listed: string[]

  beforeAll(async () => {
    kafka = await startLocalKafka({ topics: { [TOPIC]: 4 } })
    topic = readTopic(kafka.brokers, TOPIC)
    api = await startStatusApi()
    app = await startWebApp2({
      port: 0,
      kafka: { bootstrapBrokers: [kafka.brokers], topic: TOPIC },
      uploadApi: { url: api.url, apiKey: 'secret-key' },
    })
    browser = await openBrowser()
    page = await browser.newPage()
  })

  beforeEach(async () => {
    stage = 'in Kafka'
    listed = []
    api.requests.length = 0
    api.answer = ({ url = '' }) => {
      if (url.startsWith('/variant'))
        return { status: 200, body: VARIANT, headers: { 'content-type': 'image/jpeg' } }
      const query = new URL(url, api.url).searchParams
      const ids = query.get('ids')?.split(',')
      if (!ids) return { status: 200, body: listFrom(query.get('cursor')) }
      const isUnknown = stage === 'in Kafka'
      const body = { items: isUnknown ? [] : ids.map(statusOf), notFound: isUnknown ? ids : [] }
      return { status: 200, body }
    }
    await page.unrouteAll()
    await page.setViewportSize({ width: 360, height: 740 })
    await page.emulateMedia({ media: null, colorScheme: null })
    await page.goto(app.url)
  })

  afterAll(async () => {
    await browser?.close()
    await app?.stop()
    topic?.stop()
    await api?.stop()
    await kafka?.stop()
  })

  const choose = (...files: Parameters<Locator['setInputFiles']>[0][]) =>
    page.getByLabel('Choose pictures').setInputFiles(files.flat() as string[])
  const frame = (name = 'a.gif') => page.getByRole('article', { name })
  const sees = (text: string | RegExp, where = frame()) => where.getByText(text).waitFor({ timeout: 60_000 })

  test('sends a photograph, shows each state in plain words and the developed copies', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    await page.route('**/api/images', async (route) => {
      if (route.request().method() === 'POST') await released
      await route.continue()
    })
    await page.getByLabel('Note').fill('Low tide')
    await choose(PHOTOGRAPH_FILE)
    const shown = frame('IMG_0001.JPG')
    await sees(/^Upload(ing|ed)/, shown)
    const preview = shown.locator('img')
    expect(await preview.getAttribute('src')).toMatch(/^blob:/)
    release()
    await sees('Developing', shown)
    const heightWhileDeveloping = await heightOf(shown)
    const { payload, headers } = await topic.next()
    expect(payload.equals(PHOTOGRAPH)).toBe(true)
    expect(headers?.ce_attributes?.toString()).toBe('{"note":"Low tide"}')
    stage = 'processed'
    await sees(/^Ready in \d+\.\d s$/, shown)
    await sees('Before 717 KB, after 301 KB (−58 %)', shown)
    await sees('Low tide', shown)
    // There was room for all of it: no more than a line more or less.
    expect(Math.abs((await heightOf(shown)) - heightWhileDeveloping)).toBeLessThan(30)
    const developed = shown.getByRole('img', { name: 'Low tide' })
    await developed.waitFor()
    expect(await developed.getAttribute('srcset')).toContain(' 320w, ')
    const width = () => developed.evaluate((img: { naturalWidth: number }) => img.naturalWidth)
    await expectEventually(async () => expect(await width()).toBeGreaterThan(0))
    expect(await developed.evaluate((img: { currentSrc: string }) => img.currentSrc)).toMatch(/\/avif$/)
    expect(await page.locator('#announcer').textContent()).toMatch(/IMG_0001\.JPG: Ready in/)
    expect(await page.locator('body').textContent()).not.toMatch(/Kafka/i)
  })

  test('asks for all pictures in one long poll, and one more for those that are added meanwhile', async () => {
    let open = 0
    let most = 0
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const answer = api.answer
    const asked: string[][] = []
    api.answer = async (request) => {
      const ids = new URL(request.url ?? '', api.url).searchParams.get('ids')?.split(',')
      if (!ids) return answer(request)
      asked.push(ids)
      most = Math.max(most, ++open)
      await released
      open--
      return answer(request)
    }
    await choose(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => picture(`${name}.jpg`)))
    await page.getByText('Developing', { exact: true }).nth(5).waitFor({ timeout: 60_000 })
    for (let picture = 0; picture < 6; picture++) await topic.next()
    expect(asked.length).toBeLessThanOrEqual(2)
    stage = 'processed'
    release()
    await page
      .getByText(/^Ready in/)
      .nth(5)
      .waitFor({ timeout: 60_000 })
    expect(most).toBeLessThanOrEqual(2)
    expect(asked.length).toBeLessThanOrEqual(4)
  })

  test('sends a picture again by itself, with the same key', async () => {
    const keys: (string | undefined)[] = []
    await page.route('**/api/images', async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      keys.push(route.request().headers()['idempotency-key'])
      if (keys.length > 1) return route.continue()
      const problem = { detail: 'The picture was not confirmed.', retryable: true }
      await route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify(problem),
      })
    })
    stage = 'processed'
    await choose(picture('a.gif'))
    await sees('The picture was not confirmed. It is sent again automatically.')
    await sees(/^Ready in/)
    const { headers } = await topic.next()
    expect(keys).toEqual([headers?.ce_id?.toString(), headers?.ce_id?.toString()])
    expect(Math.abs(timeOf(String(keys[0])).getTime() - Date.now())).toBeLessThan(60_000)
  })

  test('keeps pictures while it is offline, and sends them when it is online again', async () => {
    stage = 'processed'
    await page.context().setOffline(true)
    await page.getByText('You are offline.').waitFor()
    await choose([picture('a.gif')])
    await sees(/^Offline/)
    expect(await findViolations(page)).toEqual([])
    await page.context().setOffline(false)
    await sees(/^Ready in/)
    await topic.next()
    expect(await page.getByText('You are offline.').count()).toBe(0)
  })

  test('goes on after a reload with pictures that were not sent', async () => {
    const keys: (string | undefined)[] = []
    await page.route('**/api/images', (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      keys.push(route.request().headers()['idempotency-key'])
      return route.abort()
    })
    await page.getByLabel('Note').fill('Low tide')
    await choose([picture('a.gif'), picture('b.gif')])
    await sees(/^The server does not respond/, frame('a.gif'))
    await sees(/^The server does not respond/, frame('b.gif'))
    await frame('b.gif').getByRole('button', { name: 'Remove' }).click()
    await frame('b.gif').waitFor({ state: 'detached' })
    await page.unroute('**/api/images')
    stage = 'processed'
    await page.reload()
    await sees(/^Ready in/, frame('a.gif'))
    const { headers } = await topic.next()
    expect(keys).toContain(headers?.ce_id?.toString())
    expect(headers?.ce_attributes?.toString()).toBe('{"note":"Low tide"}')
    expect(await frame('b.gif').count()).toBe(0)
    await page.reload()
    await page.getByText('No pictures yet.').waitFor()
  })

  test('sends the pictures of a folder and leaves other files out', async () => {
    stage = 'processed'
    const folder = await mkdtemp(join(tmpdir(), 'field-notes-'))
    await mkdir(join(folder, 'deeper'))
    await writeFile(join(folder, 'notes.txt'), 'Dear diary')
    await writeFile(join(folder, 'deeper', 'a.gif'), picture('a.gif').buffer)
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose a folder' }).click()
    await (await chooser).setFiles(folder)
    await sees(/^Ready in/, frame('a.gif'))
    await topic.next()
    await page.getByText('1 file is not a picture and was left out.').waitFor()
    expect(await page.getByRole('article').count()).toBe(1)
    await page.evaluate(`(${dropFolder})(${JSON.stringify({ name: 'b.gif', gif: GIF })})`)
    await sees(/^Ready in/, frame('b.gif'))
    await topic.next()
    await rm(folder, { recursive: true })
  })

  test('explains why a file is rejected and offers no retry', async () => {
    await choose([
      { name: 'diary.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('Dear diary') },
      { name: 'huge.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(4 * 1024 * 1024 + 1) },
    ])
    await sees(/isn't an image/, frame('diary.jpg'))
    await frame('diary.jpg').locator('.picture').waitFor({ state: 'hidden' })
    await sees(/The limit is 4 MB\./, frame('huge.jpg'))
    expect(await page.getByRole('button', { name: /Retry/ }).count()).toBe(0)
    await frame('huge.jpg').getByRole('button', { name: 'Remove' }).click()
    expect(await frame('huge.jpg').count()).toBe(0)
  })

  test('explains why a picture was not developed', async () => {
    stage = 'failed'
    await choose(picture('a.gif'))
    await topic.next()
    await sees('The JPEG is damaged in its middle.')
  })

  test('shows the pictures of all days after a reload, and follows the queued ones', async () => {
    const days = [0, 1, 40].map((days) => newImageId(new Date(Date.now() - days * 86_400_000)))
    listed = days
    stage = 'in S3'
    await page.reload()
    await page.getByText('Developing', { exact: true }).nth(1).waitFor({ timeout: 60_000 })
    stage = 'processed'
    await page.getByRole('button', { name: 'Show older pictures' }).click()
    await page
      .getByText(/^Ready · /)
      .nth(2)
      .waitFor({ timeout: 60_000 })
    expect(await page.getByRole('button', { name: 'Show older pictures' }).count()).toBe(0)
    const [today = '', , oldest = ''] = await page.locator('.state').allTextContents()
    expect(today).toMatch(/^Ready · \d\d?:\d\d/)
    expect(oldest).toContain(String(timeOf(days[2] ?? '').getFullYear()))
    const image = page.getByRole('img').first()
    expect(await image.getAttribute('loading')).toBe('lazy')
    expect([await image.getAttribute('width'), await image.getAttribute('height')]).toEqual(['2048', '1371'])
  })

  test('what is added moves no earlier picture that the user looks at, not even to another column', async () => {
    await page.setViewportSize({ width: 1280, height: 400 })
    listed = [1, 2].map((days) => newImageId(new Date(Date.now() - days * 86_400_000)))
    stage = 'processed'
    await page.reload()
    const earlier = page.getByRole('article').last()
    await earlier.waitFor()
    await page.evaluate('scrollTo(0, document.body.scrollHeight)')
    const before = await earlier.boundingBox()
    await page.evaluate(`(${send})(${JSON.stringify({ type: 'paste', name: 'a.gif', gif: GIF })})`)
    await sees(/^Ready in/)
    await topic.next()
    const after = await earlier.boundingBox()
    expect(after?.x).toBe(before?.x)
    expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(2)
  })

  test('accepts dropped and pasted pictures', async () => {
    stage = 'processed'
    for (const type of ['drop', 'paste']) {
      await page.evaluate(`(${send})(${JSON.stringify({ type, name: `${type}.gif`, gif: GIF })})`)
      await sees(/^Ready in/, frame(`${type}.gif`))
      await topic.next()
    }
    await page.evaluate(
      "document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true }))",
    )
    await page.getByText(/^There is no file in what you dropped\./).waitFor()
  })

  test.each(['dark', 'light'] as const)('has no axe violations, %s', async (colorScheme) => {
    stage = 'processed'
    await page.emulateMedia({ colorScheme })
    await choose(picture('a.gif'))
    await sees(/^Ready in/)
    await topic.next()
    expect(await findViolations(page)).toEqual([])
    const overflow = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
    expect(overflow).toBe(false)
  })

  test('is printed in light colors, without what only a screen needs', async () => {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(246, 240, 231)')
    expect(await page.getByRole('button').filter({ visible: true }).count()).toBe(0)
  })

  test('can be used with the keyboard alone', async () => {
    const chooser = page.waitForEvent('filechooser')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('note')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('files')
    await page.keyboard.press('Space')
    await (await chooser).setFiles(picture('a.gif'))
    stage = 'processed'
    await sees(/^Ready in/)
    await topic.next()
  })

  const heightOf = async (where: Locator) => (await where.boundingBox())?.height ?? 0
  const focused = () => page.evaluate('document.activeElement.id')

  function listFrom(cursor: string | null) {
    const start = cursor ? listed.indexOf(cursor) : 0
    const next = listed[start + 2]
    return { items: listed.slice(start, start + 2).map(statusOf), ...(next && { cursor: next }) }
  }

  function statusOf(id: string) {
    const image = {
      id,
      app: 'web-app-2',
      acceptedAt: timeOf(id).toISOString(),
      original: { contentType: 'image/jpeg', bytes: PHOTOGRAPH.length, sha256: '0'.repeat(64) },
    }
    if (stage === 'in S3' || stage === 'in Kafka') return { ...image, status: 'queued' }
    if (stage === 'failed') {
      const failure = {
        type: 'corrupt-image',
        title: '',
        detail: 'The JPEG is damaged in its middle.',
        retryable: false,
      }
      return { ...image, status: 'failed', failure }
    }
    const variants = [
      { name: 'thumb', width: 320, height: 214, bytes: 12_000, contentType: 'image/webp' },
      { name: 'medium', width: 1024, height: 685, bytes: 90_000, contentType: 'image/webp' },
      { name: 'large', width: 2048, height: 1371, bytes: 308_000, contentType: 'image/jpeg' },
    ].map((variant) => ({ ...variant, url: `${api.url}/variant/${id}/${variant.name}` }))
    return {
      ...image,
      status: 'processed',
      original: { ...image.original, width: 3872, height: 2592 },
      variants,
      srcset: variants.map(({ url, width }) => `${url} ${width}w`).join(', '),
      sources: ['x-unknown', 'avif'].map((format) => ({
        type: `image/${format}`,
        srcset: `${api.url}/variant/${id}/${format} 2048w`,
      })),
      placeholder: { thumbhash: '', dominantColor: '#8a7a5c' },
      exif: { cameraMake: 'NIKON', cameraModel: 'NIKON D80', hadLocation: true },
    }
  }
})

const GIF = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

function picture(name: string) {
  return { name, mimeType: 'image/gif', buffer: Buffer.from(GIF, 'base64') }
}

/** Runs in the browser: drops or pastes a file. */
const send = `({ type, name, gif }) => {
  const files = new DataTransfer()
  files.items.add(new File([Uint8Array.from(atob(gif), (c) => c.charCodeAt(0))], name, { type: 'image/gif' }))
  const event = type === 'drop'
    ? new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true })
    : new ClipboardEvent(type, { clipboardData: files, bubbles: true })
  document.body.dispatchEvent(event)
}`

/** Runs in the browser: drops a folder. A script cannot make a real one. */
const dropFolder = `({ name, gif }) => {
  const file = new File([Uint8Array.from(atob(gif), (c) => c.charCodeAt(0))], name, { type: 'image/gif' })
  const entry = { isFile: true, name, fullPath: '/folder/' + name, file: (done) => done(file) }
  const batches = [[entry], []]
  const reader = () => ({ readEntries: (done) => done(batches.shift()) })
  const folder = { isDirectory: true, name: 'folder', fullPath: '/folder', createReader: reader }
  const event = new DragEvent('drop', { bubbles: true, cancelable: true })
  const item = { kind: 'file', webkitGetAsEntry: () => folder, getAsFile: () => null }
  Object.defineProperty(event, 'dataTransfer', { value: { items: [item], files: [], types: ['Files'] } })
  document.body.dispatchEvent(event)
}`

async function expectEventually(check: () => Promise<void>): Promise<void> {
  for (const began = Date.now(); ; ) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() - began > 60_000) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
