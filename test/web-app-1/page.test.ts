import { AxeBuilder } from '@axe-core/playwright'
import { ImageList } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { startWebApp1, type WebApp1 } from '@darkroom/web-app-1'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page, Request, Route } from 'playwright-core'
import sharp from 'sharp'
import { expectEventually, type LoupePage, openPage, PHOTOGRAPH, photograph } from './open-page.ts'

const START_TIMEOUT_MS = 90_000
const CAMERA = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream']

/** A valid header with scrambled data: only decoding shows that it is damaged. */
const SCRAMBLED = await scrambledPng()

describeWith(BROWSER, 'Loupe with the whole local stack', () => {
  let stack: Stack
  let browser: Browser
  let loupe: LoupePage
  /** Further instances of the app. */
  const others: WebApp1[] = []

  beforeAll(async () => {
    stack = await startStack({ ports: await freePorts() })
    browser = await openBrowser(CAMERA)
    loupe = await openPage(browser, stack.endpoints.webApp1)
  }, START_TIMEOUT_MS)

  afterAll(async () => {
    await browser?.close()
    for (const app of others) await app.stop()
    await stack?.stop()
  })

  async function openAnother(apiKey: string): Promise<LoupePage> {
    const app = await startWebApp1({
      port: 0,
      uploadApi: { url: stack.endpoints.uploadApi, apiKey },
      storage: stack.endpoints.aws,
    })
    others.push(app)
    return openPage(browser, app.url)
  }

  /** Today's images of web-app-1 with this name. */
  async function imagesNamed(name: string) {
    const apiKey = stack.endpoints.apps['web-app-1']?.apiKey
    const date = new Date().toISOString().slice(0, 10)
    const answer = await fetch(`${stack.endpoints.uploadApi}/v1/images?date=${date}&limit=100`, {
      headers: { authorization: `Bearer ${apiKey}` },
    })
    return ImageList.parse(await answer.json()).items.filter(({ filename }) => filename === name)
  }

  const isUpload = (request: Request) =>
    request.method() === 'POST' && request.url() === `${stack.endpoints.uploadApi}/v1/images`

  test('shows an empty sheet and the accepted types', async () => {
    await loupe.sees('No pictures yet.')
    await loupe.sees('JPEG, PNG, WebP, GIF, or AVIF, up to 50 MB each')
    await expectAccessible(loupe.page)
  })

  test('shows a preview, the upload progress and the developed image', async () => {
    const { page, choose, frame, sees } = loupe
    const sent = page.waitForRequest(isUpload)
    const network = await page.context().newCDPSession(page)
    const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 700_000 }
    await network.send('Network.emulateNetworkConditions', slow)
    await choose(photograph('IMG_0001.JPG'))
    const picture = frame('IMG_0001.JPG')
    expect(await picture.locator('img').getAttribute('src')).toMatch(/^blob:/)
    await sees(/^Uploading · [1-9]\d? % of 717 KB$/, picture)
    await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 })
    await sees(/^Developed in \d+\.\d s$/, picture)
    await sees(/^717 KB → \d+ KB \(−\d+ %\)$/, picture)
    await sees('2448 × 2448', picture)
    await expectDeveloped(picture)
    const developed = picture.getByRole('img', { name: 'IMG_0001.JPG' })
    expect(await developed.getAttribute('srcset')).toMatch(/ 320w, .* 1024w, .* 2048w$/)
    expect(await picture.getByRole('list', { name: 'Copies' }).getByRole('link').count()).toBe(3)
    expect(await page.getByRole('status').last().textContent()).toBe('IMG_0001.JPG is developed')
    const request = await sent
    expect(new URL(page.url()).origin).not.toBe(new URL(request.url()).origin)
    const [{ id } = { id: '' }] = await imagesNamed('IMG_0001.JPG')
    expect(await request.headerValue('idempotency-key')).toBe(id)
    expect(await request.headerValue('origin')).toBe(new URL(page.url()).origin)
  })

  test('shows the placeholder until the developed image has loaded', async () => {
    const { page, choose, frame, sees } = loupe
    const held: Route[] = []
    await page.route(`${stack.endpoints.aws}/**`, (route) => void held.push(route))
    await choose(photograph('placeholder.jpg'))
    const picture = frame('placeholder.jpg')
    await sees(/^Developed in/, picture)
    const developed = picture.getByRole('img', { name: 'placeholder.jpg' })
    expect(await developed.getAttribute('style')).toMatch(/url\("data:image\/png;base64,/)
    expect(await developed.evaluate(naturalWidth)).toBe(0)
    await expectEventually(() => expect(held).not.toHaveLength(0))
    for (const route of held.splice(0)) await route.continue()
    await page.unroute(`${stack.endpoints.aws}/**`)
    await expectDeveloped(picture)
  })

  test('accepts dropped files, pasted files and camera pictures', async () => {
    const { page, frame } = loupe
    const small = await sharp(PHOTOGRAPH).resize(64).jpeg().toBuffer()
    const base64 = small.toString('base64')
    for (const where of ['.uppy-Dashboard-AddFiles', 'main']) {
      for (const type of ['drop', 'paste']) {
        const name = `${type} on ${where}.jpg`
        await page.evaluate(`(${GIVE})(${JSON.stringify({ type, where, name, base64 })})`)
        await expectDeveloped(frame(name))
      }
    }
    await page.getByRole('tab', { name: 'Camera' }).click()
    await page.getByRole('button', { name: 'Take a picture' }).click()
    await page.getByRole('button', { name: 'Use this picture' }).click()
    await expectDeveloped(page.getByRole('article', { name: /^cam-/ }))
  })

  test('takes no picture before the first camera frame', async () => {
    const { page } = await openPage(browser, stack.endpoints.webApp1, { script: SLOW_CAMERA })
    await page.getByRole('tab', { name: 'Camera' }).click()
    await page.getByRole('button', { name: 'Take a picture' }).click()
    const submit = page.getByRole('button', { name: 'Use this picture' })
    await page.evaluate('firstFrameAfter(500)')
    await submit.click()
    // The first one is the newest: the page also lists the pictures of other tests.
    await expectDeveloped(page.getByRole('article', { name: /^cam-/ }).first())
    await page.context().close()
  })

  test('can be used with the keyboard alone', async () => {
    const { page, frame } = loupe
    await page.reload()
    await page.getByRole('button', { name: 'browse' }).waitFor()
    const chooser = page.waitForEvent('filechooser')
    await page.locator('body').press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('browse')
    await page.keyboard.press('Enter')
    await (await chooser).setFiles([photograph('by-keyboard.jpg')])
    await expectDeveloped(frame('by-keyboard.jpg'))
  })

  test.each([
    [
      'notes.txt',
      'text/plain',
      Buffer.from('Dear diary'),
      /isn’t supported. Use JPEG, PNG, WebP, GIF, or AVIF/,
    ],
    ['drawing.svg', 'image/svg+xml', Buffer.from('<svg xmlns="…"/>'), /isn’t supported/],
    ['diary.jpg', 'image/jpeg', Buffer.from('Dear diary'), /isn't an image/],
    ['drawing.jpg', 'image/jpeg', Buffer.from('<svg xmlns="…"/>'), /SVG/],
    ['cut-off.jpg', 'image/jpeg', PHOTOGRAPH.subarray(0, 90_000), /is truncated/],
    ['scrambled.png', 'image/png', SCRAMBLED, /damaged|decoded/],
  ])('explains why %s is rejected and offers no retry', async (name, mimeType, buffer, words) => {
    const { choose, frame, sees } = loupe
    await choose({ name, mimeType, buffer })
    await sees(words, frame(name))
    expect(await frame(name).getByRole('button', { name: /again/ }).count()).toBe(0)
    await frame(name)
      .getByRole('button', { name: `Remove: ${name}` })
      .click()
    expect(await frame(name).count()).toBe(0)
  })

  test('retries with the same key after an outage, so that there is one image', async () => {
    const { page, choose, frame, sees } = loupe
    const keys: (string | null)[] = []
    const away = async (route: Route) => {
      if (!isUpload(route.request())) return route.continue()
      keys.push(await route.request().headerValue('idempotency-key'))
      // The worst case: the image was accepted, but the response got lost.
      if (keys.length === 1) await route.fetch()
      return route.fulfill(UNAVAILABLE)
    }
    await page.route(`${stack.endpoints.uploadApi}/**`, away)
    await choose(photograph('once.jpg'))
    await sees('Storage is not available. Send it again.', frame('once.jpg'))
    await expectAccessible(page)
    expect(keys).toHaveLength(4)
    await page.unroute(`${stack.endpoints.uploadApi}/**`, away)
    const again = page.waitForResponse((response) => isUpload(response.request()))
    await frame('once.jpg').getByRole('button', { name: 'Try again: once.jpg' }).press('Enter')
    expect(await (await again).headerValue('idempotency-replayed')).toBe('true')
    await expectDeveloped(frame('once.jpg'))
    const images = await imagesNamed('once.jpg')
    expect(images.map(({ id }) => id)).toEqual([keys[0]])
    expect(new Set(keys).size).toBe(1)
  })

  test('keeps pictures that are added offline and sends them when it is online again', async () => {
    const { page, choose, frame, sees } = loupe
    await page.context().setOffline(true)
    await sees('You are offline.')
    await choose(photograph('offline.jpg'))
    await sees('Your picture is still on this page', frame('offline.jpg'))
    await page.context().setOffline(false)
    await expectDeveloped(frame('offline.jpg'))
    await expectEventually(async () => expect(await page.getByText('You are offline.').count()).toBe(0))
    expect(await imagesNamed('offline.jpg')).toHaveLength(1)
  })

  test('sends at most four pictures at once and waits for all of them with at most two requests', async () => {
    const { page, choose, frame } = await openPage(browser, stack.endpoints.webApp1, {
      script: COUNT_REQUESTS,
    })
    const pictures = await Promise.all(Array.from({ length: 24 }, (_, index) => smallPhotograph(index)))
    await choose(...pictures)
    for (const { name } of pictures) await expectDeveloped(frame(name))
    const most = await page.evaluate<{ POST: number; GET: number }>('most')
    expect(most.POST).toBe(4)
    expect(most.GET).toBeLessThanOrEqual(2)
    const names = await page.getByRole('article').getByRole('heading').allTextContents()
    expect(names.slice(0, pictures.length)).toEqual(pictures.map(({ name }) => name).reverse())
    await page.context().close()
  }, 90_000)

  test('shows all pictures after a reload, newest first', async () => {
    const { page, choose, frame } = loupe
    const names = () => page.getByRole('article').getByRole('heading').allTextContents()
    await page.reload()
    await expectDeveloped(frame('by-keyboard.jpg'))
    const before = await names()
    await choose(photograph('newest.jpg'))
    await expectDeveloped(frame('newest.jpg'))
    await page.reload()
    await expectEventually(async () => expect(await names()).toEqual(['newest.jpg', ...before]))
    expect(before).toContain('many-0.jpg')
    await expectDeveloped(frame('IMG_0001.JPG'))
  })

  test('does not show images of another app', async () => {
    const other = await openAnother(String(stack.endpoints.apps['web-app-2']?.apiKey))
    await other.sees('No pictures yet.')
    await other.choose(photograph('not-yours.jpg'))
    await expectDeveloped(other.frame('not-yours.jpg'))
    await loupe.page.reload()
    await expectDeveloped(loupe.frame('IMG_0001.JPG'))
    expect(await loupe.frame('not-yours.jpg').count()).toBe(0)
    expect(await other.page.getByRole('article').count()).toBe(1)
  })

  test('explains that its credential is invalid', async () => {
    const stranger = await openAnother('no-such-key')
    await stranger.sees(/^Your recent pictures could not be loaded\. .*(key|credential)/i)
    await stranger.choose(photograph('stranger.jpg'))
    await stranger.sees(/key|credential/i, stranger.frame('stranger.jpg').locator('.problem'))
    expect(await stranger.page.getByRole('button', { name: /again/ }).count()).toBe(0)
  })

  test.each(['light', 'dark'] as const)(
    'has no axe violations while uploading, when done and after a failure, %s',
    async (scheme) => {
      // A new page, because axe is slow on the many pictures of the shared one.
      const { page, choose, frame, sees } = await openPage(browser, stack.endpoints.webApp1, {
        colorScheme: scheme,
      })
      const held: Route[] = []
      await page.route(isHeld, (route) => void held.push(route))
      await choose(photograph(`${scheme}.jpg`), { ...photograph('text.jpg'), buffer: Buffer.from('text') })
      await expectEventually(() => expect(held).toHaveLength(2))
      await expectAccessible(page)
      for (const route of held) await route.continue()
      await page.unroute(isHeld)
      await expectDeveloped(frame(`${scheme}.jpg`))
      await sees("This file isn't an image", frame('text.jpg'))
      await expectAccessible(page)
      await page.context().close()
    },
    60_000,
  )

  /** Uploads only, not their preflight requests. */
  const isHeld = (url: URL) => url.href === `${stack.endpoints.uploadApi}/v1/images`
})

const UNAVAILABLE = {
  status: 503,
  contentType: 'application/problem+json',
  headers: { 'access-control-allow-origin': '*' },
  body: JSON.stringify({
    type: 'urn:problem-type:darkroom:storage-unavailable',
    title: 'Storage is unavailable',
    detail: 'Storage is not available. Send it again.',
    status: 503,
    retryable: true,
  }),
}

const naturalWidth = (img: { naturalWidth: number }) => img.naturalWidth

/** Waits until the developed image has loaded. */
async function expectDeveloped(frame: ReturnType<LoupePage['frame']>): Promise<void> {
  const developed = frame.getByRole('link').getByRole('img')
  await developed.waitFor({ timeout: 20_000 })
  await developed.scrollIntoViewIfNeeded()
  await expectEventually(async () => expect(await developed.evaluate(naturalWidth)).toBeGreaterThan(0))
}

async function expectAccessible(page: Page): Promise<void> {
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
}

/** Init script: records the highest number of concurrent uploads (POST) and status polls (GET). */
const COUNT_REQUESTS = `
  const current = { POST: 0, GET: 0 }
  globalThis.most = { POST: 0, GET: 0 }
  const begin = (method) => (most[method] = Math.max(most[method], ++current[method]))
  const send = XMLHttpRequest.prototype.send
  XMLHttpRequest.prototype.send = function (body) {
    begin('POST')
    this.addEventListener('readystatechange', () => this.readyState === 4 && current.POST--)
    send.call(this, body)
  }
  const { fetch } = globalThis
  globalThis.fetch = async (url, init) => {
    if (!String(url).includes('/v1/images?ids=')) return fetch(url, init)
    begin('GET')
    let ended = false
    const end = () => ended || ((ended = true), current.GET--)
    init?.signal?.addEventListener('abort', end)
    try {
      return await fetch(url, init)
    } finally {
      end()
    }
  }`

/** Init script: a camera that is ready long before its first frame. */
const SLOW_CAMERA = `
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 })
  const stream = canvas.captureStream()
  navigator.mediaDevices.getUserMedia = async () => stream
  globalThis.firstFrameAfter = (ms) => setTimeout(() => canvas.getContext('2d').fillRect(0, 0, 64, 48), ms)`

async function scrambledPng(): Promise<Buffer> {
  const png = await sharp(PHOTOGRAPH).resize(60, 40).png().toBuffer()
  return png.fill(0x5a, png.indexOf('IDAT') + 4, png.length - 20)
}

async function smallPhotograph(index: number) {
  const buffer = await sharp(PHOTOGRAPH)
    .resize(48 + index)
    .jpeg()
    .toBuffer()
  return { ...photograph(`many-${index}.jpg`), buffer }
}

/** Runs in the browser: drops or pastes a file. */
const GIVE = `({ type, where, name, base64 }) => {
  const files = new DataTransfer()
  files.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type: 'image/jpeg' }))
  const event = type === 'drop'
    ? new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true })
    : new ClipboardEvent(type, { clipboardData: files, bubbles: true })
  document.querySelector(where).dispatchEvent(event)
}`
