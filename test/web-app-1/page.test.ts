import { request } from 'node:http'
import { formatUploadToken, ImageList, ImageSelection, type ImageStatus, newImageId } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { startWebApp1, type WebApp1 } from '@darkroom/web-app-1'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, BrowserContext, Request, Route } from 'playwright-core'
import sharp from 'sharp'
import { PHOTOGRAPH, SMALL_PHOTOGRAPH } from '../photographs.ts'
import { expectAccessible, expectDeveloped } from './expect-page.ts'
import { testLargeUploads } from './large-uploads.ts'
import { listen } from './listen.ts'
import { testMisbehavingApi } from './misbehaving-api.ts'
import { CAMERA, expectEventually, type LoupePage, openPage, photograph } from './open-page.ts'

const START_TIMEOUT_MS = 240_000

/** A valid header with scrambled data: only decoding shows that it is damaged. */
const SCRAMBLED = await scrambledPng()

/** Of an element in the browser. */
interface Sizes {
  scrollWidth: number
  clientWidth: number
}

const LONG_NAME = 'a-picture-whose-name-does-not-fit-into-a-line-on-a-phone.jpg'

describeWith(BROWSER, 'Loupe with the whole local stack', () => {
  let stack: Stack
  let browser: Browser
  let loupe: LoupePage
  /** Further servers: instances of the app, and other sites. */
  const others: (WebApp1 | Awaited<ReturnType<typeof listen>>)[] = []

  beforeAll(async () => {
    stack = await startStack({ ports: await freePorts(), services: ['upload-api', 'image-processor'] })
    browser = await openBrowser(CAMERA)
    loupe = await openPage(browser, stack.endpoints.webApp1)
  }, START_TIMEOUT_MS)

  afterAll(async () => {
    await browser?.close()
    for (const other of others) await other.stop()
    await stack?.stop()
  })

  async function openAnother(apiKey: string, context?: BrowserContext): Promise<LoupePage> {
    const app = await startWebApp1({ port: 0, uploadApi: { url: stack.endpoints.uploadApi, apiKey } })
    others.push(app)
    return openPage(context ?? browser, app.url)
  }

  const authorization = () => `Bearer ${stack.endpoints.apps['web-app-1']?.apiKey}`

  /** Today's images of web-app-1 with this name. */
  async function imagesNamed(name: string) {
    const date = new Date().toISOString().slice(0, 10)
    const answer = await fetch(`${stack.endpoints.uploadApi}/v1/images?date=${date}&limit=100`, {
      headers: { authorization: authorization() },
    })
    return ImageList.parse(await answer.json()).items.filter(({ filename }) => filename === name)
  }

  const isUpload = (request: Request) =>
    request.method() === 'POST' && request.url().startsWith(`${stack.endpoints.uploadApi}/v1/images`)
  /** Uploads only, not their preflight requests. */
  const isUploadUrl = (url: URL) => url.href.startsWith(`${stack.endpoints.uploadApi}/v1/images?filename`)

  test('shows an empty sheet and the accepted types', async () => {
    await loupe.sees('No pictures yet.')
    await loupe.sees('JPEG, PNG, WebP, GIF or AVIF, up to 50 MB each')
    await expectAccessible(loupe.page)
  })

  test('shows a preview, the upload progress and the developed image', async () => {
    const { page, choose, frame, sees } = loupe
    const sent = page.waitForRequest(isUpload)
    const network = await page.context().newCDPSession(page)
    const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 700_000 }
    await network.send('Network.emulateNetworkConditions', slow)
    await choose(photograph('IMG_0001.JPG', PHOTOGRAPH))
    const picture = frame('IMG_0001.JPG')
    expect(await picture.locator('img').getAttribute('src')).toMatch(/^blob:/)
    await sees(/^Uploading · [1-9]\d? % of 717 KB$/, picture)
    await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 })
    await sees(/^Developed in \d+\.\d s$/, picture)
    await expectDeveloped(picture)
    const developed = picture.getByRole('img', { name: 'IMG_0001.JPG' })
    expect(await developed.getAttribute('srcset')).toMatch(/ 320w, .* 1024w, .* 2048w$/)
    expect(await page.locator('#announcer').textContent()).toBe('IMG_0001.JPG is developed')
    const request = await sent
    expect(new URL(page.url()).origin).not.toBe(new URL(request.url()).origin)
    const [{ id } = { id: '' }] = await imagesNamed('IMG_0001.JPG')
    expect(await request.headerValue('idempotency-key')).toBe(id)
  })

  test('shows the placeholder until the developed image has loaded', async () => {
    const { page, choose, frame, sees } = loupe
    const held: Route[] = []
    await page.route(`${stack.endpoints.aws}/**`, (route) => void held.push(route))
    await choose(photograph(LONG_NAME))
    const picture = frame(LONG_NAME)
    await sees(/^Developed in/, picture)
    const developed = picture.getByRole('img', { name: LONG_NAME })
    expect(await developed.getAttribute('style')).toMatch(/url\("data:image\/png;base64,/)
    await expectEventually(() => expect(held).not.toHaveLength(0))
    for (const route of held.splice(0)) await route.continue()
    await page.unroute(`${stack.endpoints.aws}/**`)
    await expectDeveloped(picture)
  })

  test('shows the first format of the answer that the browser supports', async () => {
    const { page, choose, frame, sees } = loupe
    const isStatus = (url: URL) => url.href.startsWith(`${stack.endpoints.uploadApi}/v1/images?ids=`)
    await page.route(isStatus, async (route) => {
      const response = await route.fetch()
      const { items, ...rest } = ImageSelection.parse(await response.json())
      const json = { ...rest, items: items.map((item) => ({ ...item, sources: sourcesOf(item) })) }
      await route.fulfill({ response, json })
    })
    await choose(photograph('modern.jpg'))
    const picture = frame('modern.jpg')
    await sees(/^Developed in/, picture)
    await expectDeveloped(picture)
    await page.unroute(isStatus)
    const developed = picture.getByRole('img', { name: 'modern.jpg' })
    expect(await developed.evaluate((img: { currentSrc: string }) => img.currentSrc)).toMatch(/#avif$/)
  })

  /** The same file as two formats, of which the browser knows one. */
  const sourcesOf = ({ variants = [] }: ImageStatus) =>
    ['x-unknown', 'avif'].map((format) => ({
      type: `image/${format}`,
      srcset: `${variants.at(-1)?.url}#${format} 2048w`,
    }))

  test('shows a larger view: click, arrows, Tab within, Escape, Back', async () => {
    const { page, frame, sees } = loupe
    const view = page.getByRole('dialog')
    await frame('IMG_0001.JPG').getByRole('link').click()
    await sees('IMG_0001.JPG', view.getByRole('heading'))
    await sees(/^717 KB → \d+ KB \(−\d+ %\)$/, view)
    await sees('2448 × 2448', view)
    await expectAccessible(page)
    await page.keyboard.press('ArrowLeft')
    await sees(LONG_NAME, view.getByRole('heading'))
    const overflow = await view.evaluate((dialog: Sizes) => dialog.scrollWidth - dialog.clientWidth)
    expect(overflow).toBe(0)
    // It has 480 × 480 pixels, and is not enlarged in a larger window.
    await page.setViewportSize({ width: 1280, height: 900 })
    const box = await view.getByRole('img').boundingBox()
    expect([box?.width, box?.height]).toEqual([480, 480])
    await page.setViewportSize({ width: 360, height: 740 })
    await page.keyboard.press('ArrowRight')
    await sees('IMG_0001.JPG', view.getByRole('heading'))
    for (let stops = 0; stops < 12; stops++) {
      await page.keyboard.press(stops < 8 ? 'Tab' : 'Shift+Tab')
      expect(await page.evaluate("!!document.activeElement.closest('dialog')")).toBe(true)
    }
    await page.keyboard.press('Escape')
    // Closed at once; then the address changes, and the page follows it.
    await page.waitForURL(({ hash }) => hash === '')
    await view.waitFor({ state: 'detached' })
    await expectEventually(async () =>
      expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('IMG_0001.JPG, larger view'),
    )
    await page.keyboard.press('Enter')
    await sees('IMG_0001.JPG', view.getByRole('heading'))
    await page.goBack()
    await view.waitFor({ state: 'detached' })
  })

  test('downloads a picture, and copies a link that shows it', async () => {
    const { page, frame, sees } = loupe
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download: IMG_0001.JPG' }).click()
    const saved = await (await download).createReadStream()
    expect((await download).suggestedFilename()).toBe('IMG_0001.jpg')
    expect((await sharp(Buffer.concat(await saved.toArray())).metadata()).width).toBe(2048)
    await frame('IMG_0001.JPG').getByRole('button', { name: 'Copy link' }).click()
    await sees('The link was copied. It works in this browser only.')
    const link = await page.evaluate<string>('navigator.clipboard.readText()')
    const other = await page.context().newPage()
    await other.goto(link)
    await sees('IMG_0001.JPG', other.getByRole('dialog').getByRole('heading'))
    await other.close()
  })

  test('deletes a picture after a confirmation', async () => {
    const { page, choose, frame } = loupe
    await choose(photograph('unwanted.jpg'))
    await expectDeveloped(frame('unwanted.jpg'))
    const question = page.getByRole('dialog', { name: 'Delete unwanted.jpg?' })
    const ask = () => frame('unwanted.jpg').getByRole('button', { name: 'Delete' }).click()
    await ask()
    await question.getByRole('button', { name: 'Cancel' }).click()
    await expectDeveloped(frame('unwanted.jpg'))
    await ask()
    const erased = page.waitForResponse((response) => response.request().method() === 'DELETE')
    await question.getByRole('button', { name: 'Delete' }).click()
    expect((await erased).status()).toBe(200)
    expect(await frame('unwanted.jpg').count()).toBe(0)
    await page.reload()
    await expectDeveloped(frame('IMG_0001.JPG'))
    expect(await frame('unwanted.jpg').count()).toBe(0)
  })

  test('accepts files that are pasted, dropped anywhere, in a folder, or from another site', async () => {
    const { page, frame, sees } = loupe
    const base64 = SMALL_PHOTOGRAPH.toString('base64')
    const give = (gift: object) => page.evaluate(`(${GIVE})(${JSON.stringify({ base64, ...gift })})`)
    await give({ type: 'paste', where: 'main', name: 'pasted.jpg' })
    await give({ type: 'drop', where: 'h1', name: 'dropped.jpg' })
    await give({ type: 'drop', where: 'body', name: 'in-folder.jpg', folder: ['notes.txt', 'in-folder.xmp'] })
    await sees('2 files are not pictures and were left out.')
    const open = await listen((_, response) => {
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('content-type', 'image/jpeg').end(SMALL_PHOTOGRAPH)
    })
    const closed = await listen((_, response) => void response.end(SMALL_PHOTOGRAPH))
    others.push(open, closed)
    await give({ type: 'drop', where: 'main', html: `<a href="/x"><img src="${open.url}/dragged.jpg"></a>` })
    await sees(/^The picture from 127.* was added\./)
    await give({ type: 'drop', where: 'main', html: `<img src="${closed.url}/secret.jpg">` })
    await sees(/^The picture could not be read from 127.*Save it to this device, then add the file\./)
    for (const name of ['pasted.jpg', 'dropped.jpg', 'in-folder.jpg', 'dragged.jpg'])
      await expectDeveloped(frame(name))
  })

  test('takes a picture with the camera', async () => {
    const { page } = loupe
    await page.getByRole('button', { name: 'Use the camera' }).click()
    await page.getByRole('button', { name: 'Take a picture' }).click()
    await expectDeveloped(page.getByRole('article', { name: /^camera-/ }))
  })

  test('can be used with the keyboard alone', async () => {
    const { page, frame } = loupe
    await page.reload()
    await page.getByText('JPEG, PNG, WebP').waitFor()
    const chooser = page.waitForEvent('filechooser')
    await page.locator('body').press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Choose pictures')
    await page.keyboard.press('Enter')
    await (await chooser).setFiles([photograph('by-keyboard.jpg')])
    await expectDeveloped(frame('by-keyboard.jpg'))
  })

  test('accepts the same file twice at once, and a JPEG with the name of another type', async () => {
    const { page, choose, frame } = loupe
    const file = photograph('twice.jpg')
    await choose(file, file, { ...photograph('really-a-jpeg.png'), mimeType: 'image/png' })
    await expectDeveloped(frame('really-a-jpeg.png'))
    await expectEventually(async () => expect(await frame('twice.jpg').getByRole('link').count()).toBe(2))
    expect(await imagesNamed('twice.jpg')).toHaveLength(2)
    await page.reload()
    await expectEventually(async () => expect(await frame('twice.jpg').getByRole('link').count()).toBe(2))
  })

  test('cuts off the end of a long name, in any direction of writing', async () => {
    const { choose, frame } = loupe
    const name = `${'صورة من رحلتنا إلى الساحل '.repeat(4)}.jpg`
    await choose({ ...photograph(name), buffer: Buffer.alloc(0) })
    const heading = frame(name).getByRole('heading')
    expect(
      await heading.evaluate((element: { matches(selector: string): boolean }) =>
        element.matches(':dir(rtl)'),
      ),
    ).toBe(true)
    await frame(name).getByRole('button').click()
  })

  test.each([
    ['notes.txt', 'text/plain', Buffer.from('Dear diary'), /isn’t supported.* export it as JPEG, PNG, WebP/],
    ['empty.jpg', 'image/jpeg', Buffer.alloc(0), /empty/],
    ['diary.jpg', 'image/jpeg', Buffer.from('Dear diary'), /isn't an image/],
    ['drawing.svg', 'image/svg+xml', Buffer.from('<svg xmlns="…"/>'), /SVG/],
    ['cut-off.jpg', 'image/jpeg', PHOTOGRAPH.subarray(0, 90_000), /is truncated/],
    ['scrambled.png', 'image/png', SCRAMBLED, /damaged|decoded/],
  ])('explains why %s is refused, and offers no retry', async (name, mimeType, buffer, words) => {
    const { page, choose, frame, sees } = loupe
    const counted = await page.locator('#count').textContent()
    await choose({ name, mimeType, buffer })
    await sees(words, frame(name))
    expect(await frame(name).getByRole('button', { name: /again/ }).count()).toBe(0)
    const remove = frame(name).getByRole('button', { name: /^(Remove|Delete): / })
    const isStored = (await remove.textContent()) === 'Delete'
    if (!isStored) expect(await page.locator('#count').textContent()).toBe(counted)
    await remove.click()
    if (isStored) await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await frame(name).waitFor({ state: 'detached' })
  })

  test('has no API key, and replaces a token that expires while it is open', async () => {
    const key = String(stack.endpoints.apps['web-app-1']?.apiKey)
    const tokenUntil = (exp: number) =>
      formatUploadToken(key, { scopes: ['upload', 'read'], uploader: 'visitor', exp })
    const now = Math.floor(Date.now() / 1000)
    const first = { token: tokenUntil(now + 600), expiresAt: new Date((now + 600) * 1000).toISOString() }
    const bodies: string[] = []
    const tokens: string[] = []
    const page = await loupe.page.context().newPage()
    page.on('response', async (response) => {
      if (!response.url().startsWith(stack.endpoints.webApp1)) return
      bodies.push(await response.text().catch(() => ''))
      if (response.url().endsWith('/token')) tokens.push(JSON.parse(bodies.at(-1) ?? '').token)
    })
    await page.route('**/token', (route) => route.fulfill({ status: 201, json: first }), { times: 1 })
    const headers = { authorization: `Bearer ${tokenUntil(now - 1)}` }
    await page.route(
      isUploadUrl,
      async (route) => route.continue({ headers: { ...(await route.request().allHeaders()), ...headers } }),
      { times: 1 },
    )
    await page.goto(stack.endpoints.webApp1)
    await loupe.sees(/^No pictures yet\./, page)
    await page.locator('#pictures').setInputFiles([photograph('after-expiry.jpg')])
    await expectDeveloped(page.getByRole('article', { name: 'after-expiry.jpg', exact: true }))
    expect(tokens).toEqual([first.token, expect.stringMatching(/^dt_/)])
    const [stored, ...more] = await imagesNamed('after-expiry.jpg')
    expect(more).toEqual([])
    const [cookie] = await page.context().cookies()
    expect([cookie?.name, cookie?.httpOnly, stored?.uploader]).toEqual(['visitor', true, cookie?.value])
    expect(bodies.filter((body) => body.includes(key))).toEqual([])
    expect(bodies.length).toBeGreaterThan(3)
    await page.close()
  })

  test('shows, opens and erases only the pictures of its own visitor', async () => {
    await expectDeveloped(loupe.frame('IMG_0001.JPG'))
    const [{ id } = { id: '' }] = await imagesNamed('IMG_0001.JPG')
    const context = await browser.newContext({ viewport: { width: 360, height: 740 } })
    const page = await context.newPage()
    const asked = page.waitForResponse('**/token')
    await page.goto(`${stack.endpoints.webApp1}/#/${id}`)
    await loupe.sees('No pictures yet.', page)
    await loupe.sees(
      'The picture of this link cannot be shown. It was deleted, or added in another browser.',
      page,
    )
    expect(await page.getByRole('article').count()).toBe(0)
    const { token } = await (await asked).json()
    for (const method of ['GET', 'DELETE']) {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await fetch(`${stack.endpoints.uploadApi}/v1/images/${id}`, { method, headers })
      expect([method, answer.status]).toEqual([method, 404])
    }
    await page.locator('#pictures').setInputFiles([photograph('by-another-visitor.jpg')])
    await expectDeveloped(page.getByRole('article', { name: 'by-another-visitor.jpg' }))
    await loupe.page.reload()
    await expectDeveloped(loupe.frame('IMG_0001.JPG'))
    expect(await loupe.frame('by-another-visitor.jpg').count()).toBe(0)
    await context.close()
  })

  test('lists nothing from before the first visit, when no picture can be its own', async () => {
    const { page } = loupe
    const cursors = [
      newImageId(new Date(Date.now() - 3_600_000)),
      newImageId(new Date(Date.now() - 172_800_000)),
    ]
    const asked: (string | null)[] = []
    const isList = (url: URL) => url.href.startsWith(`${stack.endpoints.uploadApi}/v1/images?limit=`)
    const words: (string | null)[] = []
    await page.route(isList, async (route) => {
      words.push(await page.locator('#count').textContent())
      asked.push(new URL(route.request().url()).searchParams.get('cursor'))
      return route.fulfill({
        headers: { 'access-control-allow-origin': '*' },
        json: { items: [], cursor: cursors[asked.length - 1] },
      })
    })
    await page.reload()
    await loupe.sees('No pictures yet.')
    await page.unroute(isList)
    expect(asked).toEqual([null, cursors[0]])
    expect(words).toEqual(['Loading your pictures …', 'Loading your pictures …'])
    await page.reload()
    await expectDeveloped(loupe.frame('IMG_0001.JPG'))
  })

  test('keeps the visitor in a cookie that scripts, other sites and plain http do not get', async () => {
    const ask = async (origin: string, cookie = '') => {
      const headers = { origin, cookie, 'sec-fetch-site': 'same-origin' }
      const answer = await fetch(`${stack.endpoints.webApp1}/token`, { method: 'POST', headers })
      const { uploader } = (await answer.json()) as { uploader: string }
      return { uploader, cookie: answer.headers.get('set-cookie') ?? '' }
    }
    const attributes = 'Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict'
    const plain = await ask('http://127.0.0.1:4001')
    expect(plain.uploader).toMatch(/^\d{13}-[0-9a-f]{32}$/)
    expect(plain.cookie).toBe(`visitor=${plain.uploader}; ${attributes}`)
    const secure = await ask('https://loupe.example', `visitor=${plain.uploader}`)
    expect(secure.uploader).not.toBe(plain.uploader)
    expect(secure.cookie).toBe(`__Host-visitor=${secure.uploader}; ${attributes}; Secure`)
    const again = await ask('https://loupe.example', `a=b; ${secure.cookie.split(';')[0]}; c=d`)
    expect(again).toEqual(secure)
    expect((await ask('https://loupe.example', '__Host-visitor=web-app-1')).uploader).toMatch(/^\d{13}-/)
  })

  test('nothing of the stack answers under the name of another site', async () => {
    const { uploadApi, webApp1, webApp2, dashboard, aws } = stack.endpoints
    const statusOf = (url: string, host: string) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(url, { headers: { host } }, (answer) => resolve(answer.resume().statusCode ?? 0))
        sent.on('error', reject).end()
      })
    for (const url of [
      `${uploadApi}/v1/health`,
      `${uploadApi}/docs/settings.json`,
      webApp1,
      webApp2,
      dashboard,
    ]) {
      expect([url, await statusOf(url, 'localhost:1')]).toEqual([url, 200])
      expect([url, await statusOf(url, 'evil.example')]).toEqual([url, 403])
    }
    expect(await statusOf(aws, 'evil.example')).toBe(403)
  })

  test('gives no token to a page of another site', async () => {
    for (const [site, status] of [
      ['cross-site', 403],
      ['same-origin', 201],
    ] as const) {
      const headers = { 'sec-fetch-site': site }
      const answer = await fetch(`${stack.endpoints.webApp1}/token`, { method: 'POST', headers })
      expect([site, answer.status]).toEqual([site, status])
    }
  })

  test('does not show images of another app, even to the same visitor', async () => {
    const other = await openAnother(String(stack.endpoints.apps['web-app-2']?.apiKey), loupe.page.context())
    await other.sees('No pictures yet.')
    await other.choose(photograph('not-yours.jpg'))
    await expectDeveloped(other.frame('not-yours.jpg'))
    await loupe.page.reload()
    await expectDeveloped(loupe.frame('IMG_0001.JPG'))
    expect(await loupe.frame('not-yours.jpg').count()).toBe(0)
    expect(await other.page.getByRole('article').count()).toBe(1)
    await other.page.close()
  })

  test('explains that its credential is invalid', async () => {
    const stranger = await openAnother('no-such-key', loupe.page.context())
    await stranger.sees(/^Your pictures could not be loaded\. .*(key|credential)/i)
    await stranger.choose(photograph('stranger.jpg'))
    await stranger.sees(/key|credential/i, stranger.frame('stranger.jpg').locator('.problem'))
    expect(await stranger.frame('stranger.jpg').getByRole('button', { name: /again/ }).count()).toBe(0)
    await stranger.page.close()
  })

  test('has no axe violations while uploading, when done and after a failure, and prints no button', async () => {
    const { page, choose, frame, sees } = await openPage(browser, stack.endpoints.webApp1)
    const expectBothAccessible = async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await expectAccessible(page)
      }
    }
    const held: Route[] = []
    await page.route(isUploadUrl, (route) => void held.push(route))
    await choose(photograph('uploading.jpg'), { ...photograph('text.jpg'), buffer: Buffer.from('text') })
    await expectEventually(() => expect(held).toHaveLength(2))
    await expectBothAccessible()
    for (const route of held) await route.continue()
    await page.unroute(isUploadUrl)
    await expectDeveloped(frame('uploading.jpg'))
    await sees("This file isn't an image", frame('text.jpg'))
    await expectBothAccessible()
    await page.emulateMedia({ media: 'print' })
    expect(await page.getByRole('button').filter({ visible: true }).count()).toBe(0)
    await page.context().close()
  })

  describe('a large photograph', () => testLargeUploads(() => ({ stack, loupe })))

  describe('an API that misbehaves', () => testMisbehavingApi(() => ({ stack, browser })))
})

async function scrambledPng(): Promise<Buffer> {
  const png = await sharp(SMALL_PHOTOGRAPH).resize(60, 40).png().toBuffer()
  return png.fill(0x5a, png.indexOf('IDAT') + 4, png.length - 20)
}

/** Runs in the browser: drops or pastes a file, a folder with more files, or a picture of another page. */
const GIVE = `async ({ type, where, name, base64, folder, html }) => {
  const transfer = new DataTransfer()
  const jpeg = () => new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type: 'image/jpeg' })
  if (html) transfer.setData('text/html', html)
  else transfer.items.add(jpeg())
  if (folder) {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('holiday', { create: true })
    const write = async (name, content) => {
      const file = await (await root.getFileHandle(name, { create: true })).createWritable()
      await file.write(content)
      await file.close()
    }
    await write(name, jpeg())
    for (const other of folder) await write(other, 'text')
    const [item] = transfer.items
    item.webkitGetAsEntry = () => ({ isDirectory: true })
    item.getAsFileSystemHandle = async () => root
    Object.defineProperty(transfer, 'items', { value: [item] })
  }
  const event = type === 'drop'
    ? new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true })
    : new ClipboardEvent(type, { clipboardData: transfer, bubbles: true })
  if (folder) Object.defineProperty(event, 'dataTransfer', { value: transfer })
  document.querySelector(where).dispatchEvent(event)
}`
