import { AxeBuilder } from '@axe-core/playwright'
import { newImageId, timeOf } from '@darkroom/core'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Browser, Locator, Page } from 'playwright-core'
import { startWebApp2, type WebApp2 } from './start-web-app-2.ts'
import { readTopic, type TopicReader } from './testing/read-topic.ts'
import { NOT_FOUND, type StatusApi, startStatusApi } from './testing/start-status-api.ts'
import { PHOTOGRAPH, PHOTOGRAPH_FILE } from './testing/upload.ts'

const TOPIC = 'images.web-app-2'

describeWith(BROWSER, 'the page', () => {
  let kafka: LocalKafka
  let topic: TopicReader
  let api: StatusApi
  let app: WebApp2
  let browser: Browser
  let page: Page
  /** The state of every image in the stand-in for the upload API. */
  let stage: 'in Kafka' | 'in S3' | 'processed' | 'failed'
  /** Ids in its list of today's images. */
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
  })

  beforeEach(async () => {
    stage = 'in Kafka'
    listed = []
    api.requests.length = 0
    api.answer = ({ url = '' }) => {
      if (url.startsWith('/variant'))
        return { status: 200, body: PHOTOGRAPH, headers: { 'content-type': 'image/jpeg' } }
      if (url.startsWith('/v1/images?')) return { status: 200, body: { items: listed.map(statusOf) } }
      return stage === 'in Kafka' ? NOT_FOUND : { status: 200, body: statusOf(url.split('/').at(-1) ?? '') }
    }
    const context = await browser.newContext({ viewport: { width: 360, height: 740 } })
    page = await context.newPage()
    await page.goto(app.url)
  })

  afterEach(() => page.context().close())

  afterAll(async () => {
    await browser?.close()
    await app?.stop()
    topic?.stop()
    await api?.stop()
    await kafka?.stop()
  })

  const choose = (...files: Parameters<Locator['setInputFiles']>[0][]) =>
    page.getByLabel('Choose pictures').setInputFiles(files.flat() as string[])
  const frame = (name = 'IMG_0001.JPG') => page.getByRole('article', { name })
  const sees = (text: string | RegExp, where = frame()) => where.getByText(text).waitFor({ timeout: 15_000 })

  test('sends a photograph through Kafka, shows each state and the developed copies', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    await page.route('**/api/images', async (route) => {
      await released
      await route.continue()
    })
    await page.getByLabel('Note').fill('Low tide')
    await choose(PHOTOGRAPH_FILE)
    await sees(/^Upload(ing|ed)/)
    const preview = frame().locator('img')
    expect(await preview.getAttribute('src')).toMatch(/^blob:/)
    release()
    await sees('Accepted by Kafka')
    const { payload, headers } = await topic.next()
    expect(payload.equals(PHOTOGRAPH)).toBe(true)
    expect(headers?.ce_attributes?.toString()).toBe('{"note":"Low tide"}')
    stage = 'in S3'
    await sees('Developing')
    stage = 'processed'
    await sees(/^Ready in \d+\.\d s$/)
    await sees('Before 717 KB, after 301 KB (−58 %)')
    await sees('Low tide')
    const developed = frame().getByRole('img', { name: 'Low tide' })
    await developed.waitFor()
    expect(await developed.getAttribute('srcset')).toContain(' 320w, ')
    expect(await developed.evaluate((img: { naturalWidth: number }) => img.naturalWidth)).toBeGreaterThan(0)
    expect(await page.getByRole('status').textContent()).toMatch(/IMG_0001\.JPG: Ready in/)
  })

  test('runs at most four polls at once, one per picture', async () => {
    let asking = 0
    let most = 0
    const ids: string[] = []
    const release: (() => void)[] = []
    await page.route('**/api/images/*', async (route) => {
      ids.push(route.request().url())
      most = Math.max(most, ++asking)
      await new Promise<void>((resolve) => {
        release.push(resolve)
        if (stage === 'processed') resolve()
      })
      asking--
      await route.continue()
    })
    const files = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => picture(`${name}.jpg`))
    await choose(files)
    await expectEventually(async () =>
      expect(await page.getByText('Accepted by Kafka', { exact: true }).count()).toBe(6),
    )
    for (const _ of files) await topic.next()
    expect(most).toBe(4)
    expect(new Set(ids).size).toBe(4)
    stage = 'processed'
    for (const go of release) go()
    await expectEventually(async () => expect(await page.getByText(/^Ready in/).count()).toBe(6))
    expect(most).toBe(4)
  })

  test('retries with the same key when Kafka is unavailable', async () => {
    const keys: (string | undefined)[] = []
    await page.route('**/api/images', async (route) => {
      keys.push(route.request().headers()['idempotency-key'])
      if (keys.length > 1) return route.continue()
      const problem = { detail: 'Kafka did not confirm the picture.', retryable: true }
      await route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify(problem),
      })
    })
    await choose(PHOTOGRAPH_FILE)
    await sees('Kafka did not confirm the picture.')
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
    stage = 'processed'
    await frame().getByRole('button', { name: 'Retry' }).press('Enter')
    await sees(/^Ready in/)
    const { headers } = await topic.next()
    expect(keys).toEqual([headers?.ce_id?.toString(), headers?.ce_id?.toString()])
    expect(Math.abs(timeOf(String(keys[0])).getTime() - Date.now())).toBeLessThan(60_000)
  })

  test('explains why a file is rejected and offers no retry', async () => {
    await choose([
      { name: 'diary.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('Dear diary') },
      { name: 'huge.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(9 * 1024 * 1024) },
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
    await choose(PHOTOGRAPH_FILE)
    await topic.next()
    await sees('The JPEG is damaged in its middle.')
  })

  test("shows today's pictures after a reload and follows the queued ones", async () => {
    listed = [newImageId(new Date(Date.now() - 1)), newImageId()]
    stage = 'in S3'
    await page.reload()
    await expectEventually(async () =>
      expect(await page.getByText('Developing', { exact: true }).count()).toBe(2),
    )
    stage = 'processed'
    await expectEventually(async () => expect(await page.getByText(/^Ready · /).count()).toBe(2))
  })

  test('accepts dropped and pasted pictures', async () => {
    stage = 'processed'
    for (const type of ['drop', 'paste']) {
      await page.evaluate(`(${send})(${JSON.stringify({ type, name: `${type}.gif`, gif: GIF })})`)
      await sees(/^Ready in/, frame(`${type}.gif`))
      await topic.next()
    }
  })

  test.each(['dark', 'light'] as const)('has no axe violations, %s', async (colorScheme) => {
    stage = 'processed'
    await page.emulateMedia({ colorScheme })
    await choose(PHOTOGRAPH_FILE)
    await sees(/^Ready in/)
    await topic.next()
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
    const overflow = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
    expect(overflow).toBe(false)
  })

  test('can be used with the keyboard alone', async () => {
    const chooser = page.waitForEvent('filechooser')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('note')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('files')
    await page.keyboard.press('Space')
    await (await chooser).setFiles(PHOTOGRAPH_FILE)
    stage = 'processed'
    await sees(/^Ready in/)
    await topic.next()
  })

  const focused = () => page.evaluate('document.activeElement.id')

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
      { name: 'large', width: 2048, height: 1371, bytes: 308_000, contentType: 'image/jpeg' },
    ].map((variant) => ({ ...variant, url: `${api.url}/variant/${id}/${variant.name}` }))
    return {
      ...image,
      status: 'processed',
      original: { ...image.original, width: 3872, height: 2592 },
      variants,
      srcset: variants.map(({ url, width }) => `${url} ${width}w`).join(', '),
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

async function expectEventually(check: () => Promise<void>): Promise<void> {
  for (const began = Date.now(); ; ) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() - began > 15_000) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
