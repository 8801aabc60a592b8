import { type Client, createClient } from '@darkroom/client'
import type { Stack } from '@darkroom/local-stack'
import { longestTask } from '@darkroom/testing/longest-task'
import { startWebApp1, type WebApp1 } from '@darkroom/web-app-1'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page, Request } from 'playwright-core'
import sharp from 'sharp'
import { SMALL_PHOTOGRAPH } from '../photographs.ts'
import { expectAccessible, expectDeveloped } from './expect-page.ts'
import { type FaultyApi, startFaultyApi } from './faulty-api.ts'
import { expectEventually, type LoupePage, openPage, photograph } from './open-page.ts'

const KEY = 'dk_test_913e5ec500000001_LocalDevelopmentOnlyNotASecret01f28edb79'
/** More than the 48 of a page of the list. */
const MANY = 50

/** Tests with a visitor of their own, whose page begins empty. @param running called once the tests run */
export function testMisbehavingApi(running: () => { stack: Stack; browser: Browser }): void {
  let stack: Stack
  let browser: Browser
  let api: FaultyApi
  let app: WebApp1
  let client: Client
  let loupe: LoupePage

  beforeAll(async () => {
    ;({ stack, browser } = running())
    api = await startFaultyApi(stack.endpoints.uploadApi)
    app = await startWebApp1({ port: 0, uploadApi: { url: api.url, apiKey: KEY } })
    client = createClient({ url: stack.endpoints.uploadApi, credential: KEY })
    loupe = await openPage(browser, app.url)
    await loupe.page.clock.install()
  }, 240_000)
  afterEach(async () => {
    api.behave(() => undefined)
    await loupe.page.unrouteAll()
    await loupe.page.context().setOffline(false)
    await loupe.page.clock.setSystemTime(Date.now())
  })
  afterAll(async () => {
    await loupe?.page.context().close()
    await app?.stop()
    await api?.stop()
  })

  /** Lets the page's timers expire, without waiting. */
  const pass = (seconds: number) => loupe.page.clock.fastForward(seconds * 1000)

  async function imagesNamed(name: string) {
    const { items } = await client.listImages({ limit: 100 })
    return items.filter(({ filename }) => filename === name)
  }

  test('a silent API: a skeleton and words at once, other words after 10 s, then a retry', async () => {
    const { page, sees } = loupe
    let isAsked = false
    api.behave(() => {
      isAsked = true
      return 'silent'
    })
    await page.reload({ waitUntil: 'commit' })
    await page.locator('.skeleton').first().waitFor({ timeout: 5000 })
    await page.getByText('Loading your pictures …').waitFor({ timeout: 5000 })
    await expectEventually(() => expect(isAsked).toBe(true))
    await pass(10)
    await sees('Loading takes longer than usual …')
    await expectAccessible(page)
    const failed = page.getByText('Your pictures could not be loaded. Darkroom did not respond.')
    await expectEventually(async () => {
      await pass(30)
      expect(await failed.isVisible()).toBe(true)
    })
    api.behave(() => undefined)
    await page.getByRole('button', { name: 'Try again' }).click()
    await sees('No pictures yet.')
  })

  test('a silent server of the page: the same skeleton and words', async () => {
    const { page, sees } = loupe
    await page.route('**/session', () => {})
    const asked = page.waitForRequest('**/session')
    await page.reload({ waitUntil: 'commit' })
    await page.locator('.skeleton').first().waitFor({ timeout: 5000 })
    await sees('Loading your pictures …')
    await asked
    await pass(10)
    await sees('Loading takes longer than usual …')
  })

  test('a server of the page that is down: nothing seems to load, and a button tries again', async () => {
    const { page, sees } = loupe
    await page.route('**/session', (route) => route.abort())
    await page.reload()
    await sees('Loupe’s server is not responding.')
    expect(await page.locator('.skeleton').count()).toBe(0)
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Try again' }).click()
    await sees('No pictures yet.')
  })

  test('an API that fails once, and a picture whose connection breaks: both are loaded again', async () => {
    const { page, choose, frame } = loupe
    await choose(photograph('once.jpg'))
    await expectDeveloped(frame('once.jpg'))
    let requests = 0
    api.behave((method, path) =>
      method === 'GET' && path.startsWith('/v1/images?limit=') && ++requests === 1 ? 503 : undefined,
    )
    const id = await frame('once.jpg').getAttribute('data-id')
    await page.route(new RegExp(`/processed/.*${id}`), (route) => route.abort(), { times: 1 })
    await page.reload()
    await expectEventually(async () => {
      await pass(2)
      expect(requests).toBe(2)
    })
    await expectDeveloped(frame('once.jpg'))
  })

  test('an upload without an answer: longer than usual, then again with the same key', async () => {
    const { choose, frame, sees } = loupe
    api.behave((method) => (method === 'POST' ? 'silent' : undefined))
    await choose(photograph('silent.jpg'))
    await sees('Sent …', frame('silent.jpg'))
    await pass(10)
    await sees('Sent · longer than usual', frame('silent.jpg'))
    // The answer of the second attempt is lost as well, but the image is stored.
    api.behave((method) => (method === 'POST' ? 'lost' : undefined))
    await pass(31)
    await expectEventually(async () => {
      await pass(1)
      expect(await imagesNamed('silent.jpg')).toHaveLength(1)
    })
    api.behave(() => undefined)
    await expectEventually(async () => {
      await pass(2)
      expect(await frame('silent.jpg').getByRole('link').count()).toBe(1)
    })
    expect(await imagesNamed('silent.jpg')).toHaveLength(1)
  })

  test('an outage: says so, and a retry by the keyboard', async () => {
    const { page, choose, frame, sees } = loupe
    api.behave((method) => (method === 'POST' ? 503 : undefined))
    await choose(photograph('outage.jpg'))
    const failed = frame('outage.jpg')
    await expectEventually(async () => {
      await pass(5)
      expect(await failed.getAttribute('data-stage')).toBe('failed')
    })
    await sees('Storage is not available. Send it again.', failed)
    await expectAccessible(page)
    api.behave(() => undefined)
    await failed.getByRole('button', { name: 'Try again: outage.jpg' }).press('Enter')
    await expectDeveloped(failed)
  })

  test('offline: one message, pictures wait, and continue when it is online again', async () => {
    const { page, choose, frame, sees } = loupe
    api.behave((method) => (method === 'POST' ? 503 : undefined))
    await choose(photograph('failed.jpg'))
    await expectEventually(async () => {
      await pass(5)
      expect(await frame('failed.jpg').getAttribute('data-stage')).toBe('failed')
    })
    api.behave(() => undefined)
    await page.context().setOffline(true)
    await sees(/^You are offline\./)
    await sees('Waiting for a connection', frame('failed.jpg'))
    await choose(photograph('offline.jpg'))
    await sees('Waiting for a connection', frame('offline.jpg'))
    expect(await page.locator('.problem').count()).toBe(0)
    expect(await page.getByRole('button', { name: /again/ }).count()).toBe(0)
    await expectAccessible(page)
    await page.context().setOffline(false)
    await expectDeveloped(frame('offline.jpg'))
    await expectDeveloped(frame('failed.jpg'))
    expect(await page.getByText('You are offline').count()).toBe(0)
    expect(await imagesNamed('offline.jpg')).toHaveLength(1)
  })

  test('a reload before the upload has ended: the picture is sent by the new page', async () => {
    const { page, choose, frame, sees } = loupe
    api.behave((method) => (method === 'POST' ? 'silent' : undefined))
    await choose(photograph('kept.jpg'))
    await sees('Sent …', frame('kept.jpg'))
    api.behave(() => undefined)
    await page.reload()
    await expectDeveloped(frame('kept.jpg'))
    expect(await imagesNamed('kept.jpg')).toHaveLength(1)
  })

  test('a picture that cannot be deleted comes back, with a retry', async () => {
    const { page, choose, frame } = loupe
    await choose(photograph('stays.jpg'))
    await expectDeveloped(frame('stays.jpg'))
    const id = String(await frame('stays.jpg').getAttribute('data-id'))
    api.behave((method) => (method === 'DELETE' ? 503 : undefined))
    await frame('stays.jpg').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    const failed = page.getByText(/^stays.jpg could not be deleted\. Storage is not available/)
    await expectEventually(async () => {
      await pass(5)
      expect(await failed.isVisible()).toBe(true)
    })
    await expectDeveloped(frame('stays.jpg'))
    api.behave(() => undefined)
    await page.locator('#notice').getByRole('button', { name: 'Try again' }).click()
    await frame('stays.jpg').waitFor({ state: 'detached' })
    await expectEventually(async () => expect((await client.getImage(id)).status).toBe('erased'))
  })

  test('links that have expired are renewed', async () => {
    const { page, choose, frame } = loupe
    await choose(photograph('expired.jpg'))
    await expectDeveloped(frame('expired.jpg'))
    await page.route(/expired=1/, (route) => route.fulfill({ status: 403 }))
    await pass(7200)
    const image = frame('expired.jpg').getByRole('img')
    await image.evaluate((img: { srcset: string; src: string }) => {
      img.srcset = ''
      img.src += '&expired=1'
    })
    await expectEventually(async () => expect(await image.getAttribute('src')).not.toContain('expired=1'))
    await expectDeveloped(frame('expired.jpg'))
  })

  test(`${MANY} files at once, then all of them after a reload, newest first, as the user scrolls`, async () => {
    const { page } = await openPage(browser, stack.endpoints.webApp1, {
      script: MEASURE,
      viewport: { width: 1280, height: 900 },
      reducedMotion: 'no-preference',
    })
    const most = watchConcurrency(page, stack.endpoints.uploadApi)
    const frames = page.getByRole('article')
    const count = page.locator('#count')
    await page.getByText('No pictures yet.').waitFor()
    await browser.startTracing(page, { categories: ['toplevel'] })
    await page.locator('#pictures').setInputFiles(await smallPhotographs())
    await count.getByText(`${MANY} pictures`, { exact: true }).waitFor()
    await page.getByText(/^\d+ to go$/).waitFor()
    await page
      .locator('article[data-stage=ready]')
      .nth(MANY - 1)
      .waitFor({ timeout: 300_000 })
    expect(await page.locator('#to-go').textContent()).toBe('')
    expect(longestTask(await browser.stopTracing()).processorMs).toBeLessThanOrEqual(200)
    expect(most.POST).toBe(3)
    // On a fast machine the first poll has ended when the second begins.
    expect(most.GET).toBeLessThanOrEqual(2)
    const names = () => frames.getByRole('heading').allTextContents()
    const sent = Array.from({ length: MANY }, (_, index) => `many-${MANY - 1 - index}.jpg`)
    expect(await names()).toEqual(sent)
    expect(await page.evaluate('layoutShift')).toBeLessThanOrEqual(0.05)

    await page.reload()
    // The first page of the list can have fewer than 48: it leaves out pictures of another visitor.
    await page.getByText(/^\d+ pictures so far, scroll for more$/).waitFor()
    await expectEventually(async () => {
      await page.mouse.wheel(0, 2000)
      expect(await count.textContent()).toBe(`${MANY} pictures`)
    })
    // The API lists by id, and those of the same millisecond have no order.
    expect((await names()).toSorted()).toEqual(sent.toSorted())
    expect(await page.evaluate('layoutShift')).toBeLessThanOrEqual(0.05)
    await page.context().close()
  }, 600_000)
}

/** Init script: sums up layout shifts. */
const MEASURE = `
  globalThis.layoutShift = 0
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) layoutShift += value
  }).observe({ type: 'layout-shift', buffered: true })`

/** The highest number of concurrent uploads and status polls. */
function watchConcurrency(page: Page, api: string) {
  const current: Record<string, number> = { POST: 0, GET: 0 }
  const most = { ...current }
  const isCounted = (request: Request) =>
    request.method() in current && /\/v1\/images\?(ids|filename)=/.test(request.url().replace(api, ''))
  const change = (by: number) => (request: Request) => {
    if (!isCounted(request)) return
    const method = request.method()
    current[method] = (current[method] ?? 0) + by
    most[method] = Math.max(most[method] ?? 0, current[method])
  }
  page.on('request', change(1))
  page.on('requestfinished', change(-1))
  page.on('requestfailed', change(-1))
  return most
}

async function smallPhotographs() {
  const small = await sharp(SMALL_PHOTOGRAPH).resize(64).jpeg().toBuffer()
  return Array.from({ length: MANY }, (_, index) => photograph(`many-${index}.jpg`, small))
}
