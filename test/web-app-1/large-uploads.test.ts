import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@darkroom/client'
import { formatUploadToken, PART_BYTES, parseUploadToken } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page, Request, Route } from 'playwright-core'
import { largePhotograph } from '../large-photograph.ts'
import { expectEventually, type LoupePage, openPage, PHOTOGRAPH } from './open-page.ts'

const START_TIMEOUT_MS = 240_000
const TEST_TIMEOUT_MS = 240_000
const KEY = 'dk_test_913e5ec500000001_LocalDevelopmentOnlyNotASecret01f28edb79'

describeWith(BROWSER, 'a large photograph in Loupe with the whole local stack', () => {
  let stack: Stack
  let browser: Browser
  let client: Client
  let photograph: Buffer
  let partCount: number

  beforeAll(async () => {
    stack = await startStack({ ports: await freePorts(), services: ['upload-api', 'image-processor'] })
    browser = await openBrowser()
    client = createClient({ url: stack.endpoints.uploadApi, credential: KEY })
    photograph = await largePhotograph(5_500_000)
    loupe = await openPage(browser, stack.endpoints.webApp1)
    expect(photograph.length).toBeGreaterThan(13_000_000)
    partCount = Math.ceil(photograph.length / PART_BYTES)
  }, START_TIMEOUT_MS)

  afterAll(async () => {
    await browser?.close()
    await stack?.stop()
  })

  const file = (name: string) => ({ name, mimeType: 'image/png', buffer: photograph })

  /** Numbers of the parts that have been uploaded to S3. */
  function watchParts(page: Page) {
    const arrived: number[] = []
    const partOf = (request: Request) =>
      request.method() === 'PUT' && request.url().startsWith(stack.endpoints.aws)
        ? Number(new URL(request.url()).searchParams.get('partNumber'))
        : undefined
    page.on('requestfinished', (request) => {
      const part = partOf(request)
      if (part) arrived.push(part)
    })
    return arrived
  }

  /** Holds all parts but the first two on their way to S3, until the returned function is called: then those are lost. */
  async function holdLaterParts(page: Page) {
    const held: Route[] = []
    let isHolding = true
    const isLater = ({ href, searchParams }: URL) =>
      href.startsWith(stack.endpoints.aws) && Number(searchParams.get('partNumber')) > 2
    await page.route(isLater, async (route) => {
      if (isHolding) held.push(route)
      else await route.continue()
    })
    return () => {
      isHolding = false
      return Promise.all(held.map((route) => route.abort('internetdisconnected')))
    }
  }

  async function imagesNamed(name: string) {
    const { items } = await client.listImages({ limit: 100 })
    return items.filter(({ filename }) => filename === name)
  }

  async function expectProcessed(name: string) {
    await expectEventually(async () => expect(await imagesNamed(name)).toHaveLength(1))
    const [image] = await imagesNamed(name)
    const status = await client.waitUntilFinal(String(image?.id), { timeout: 120_000 })
    expect(status).toMatchObject({
      status: 'processed',
      original: { bytes: photograph.length, contentType: 'image/png' },
    })
  }

  let loupe: LoupePage

  const seesDeveloped = (name: string) =>
    loupe
      .frame(name)
      .getByText(/^Developed/)
      .waitFor({ timeout: 120_000 })

  test(
    'is sent to S3 in parts and developed',
    async () => {
      const arrived = watchParts(loupe.page)
      await loupe.choose(file('large.png'))
      await seesDeveloped('large.png')
      expect(arrived.toSorted()).toEqual(Array.from({ length: partCount }, (_, n) => n + 1))
      await expectProcessed('large.png')
    },
    TEST_TIMEOUT_MS,
  )

  test(
    'resumes after a reload with the missing parts',
    async () => {
      const arrived = watchParts(loupe.page)
      const loseParts = await holdLaterParts(loupe.page)
      await loupe.choose(file('reloaded.png'))
      await expectEventually(() => expect(arrived.toSorted()).toEqual([1, 2]), 120_000)
      await Promise.all([loseParts(), loupe.page.reload()])
      await seesDeveloped('reloaded.png')
      expect(arrived.slice(2)).not.toContain(1)
      await expectProcessed('reloaded.png')
    },
    TEST_TIMEOUT_MS,
  )

  test(
    'resumes when the network is back',
    async () => {
      const arrived = watchParts(loupe.page)
      const loseParts = await holdLaterParts(loupe.page)
      await loupe.choose(file('cut.png'))
      await expectEventually(() => expect(arrived.toSorted()).toEqual([1, 2]), 120_000)
      await loupe.page.context().setOffline(true)
      await loseParts()
      await loupe.sees('You are offline.')
      await loupe.sees('Waiting for a connection', loupe.frame('cut.png'))
      expect(arrived).toHaveLength(2)
      await loupe.page.context().setOffline(false)
      await seesDeveloped('cut.png')
      expect(arrived.slice(2)).not.toContain(1)
      await expectProcessed('cut.png')
    },
    TEST_TIMEOUT_MS,
  )

  /** Gives the page two tokens that end in seconds, though it believes that they last, and then those of the server. */
  async function shortenTokens(page: Page) {
    const tokens: string[] = []
    await page.route('**/token', async (route) => {
      const response = await route.fetch()
      const issued = await response.json()
      const { claims = '' } = parseUploadToken(issued.token) ?? {}
      const exp = Math.floor(Date.now() / 1000) + 5
      const short = { ...JSON.parse(String(Buffer.from(claims, 'base64url'))), exp }
      const token = tokens.length < 2 ? formatUploadToken(KEY, short) : issued.token
      tokens.push(token)
      await route.fulfill({ response, json: { ...issued, token } })
    })
    return tokens
  }

  async function isRefused(authorization: string): Promise<boolean> {
    const answer = await fetch(`${stack.endpoints.uploadApi}/v1/images`, { headers: { authorization } })
    return answer.status === 401
  }

  test(
    'survives tokens that expire between its parts and before its end, and sends each part once',
    async () => {
      const page = await (await browser.newContext()).newPage()
      const tokens = await shortenTokens(page)
      const arrived = watchParts(page)
      let refused = 0
      page.on('response', (response) => {
        if (response.status() === 401) refused++
      })
      /** Holds the first request of a kind until the token that it was sent with has expired. */
      const held = new Set<string>()
      const holdOnce = async (kind: string, route: Route) => {
        const { authorization = '' } = route.request().headers()
        const isLasting = () => authorization === `Bearer ${tokens[2]}`
        if (!held.has(kind)) {
          held.add(kind)
          await expectEventually(async () =>
            expect(isLasting() || (await isRefused(authorization))).toBe(true),
          )
        }
        await route.continue()
      }
      await page.route('**/v1/uploads/sign', (route) => {
        const isLast = route.request().postDataJSON()?.partNumber === partCount
        return isLast ? holdOnce('sign', route) : route.continue()
      })
      await page.route('**/v1/uploads/*/complete', (route) => holdOnce('complete', route))
      await page.goto(stack.endpoints.webApp1)
      await page.locator('input[type=file]').first().setInputFiles(file('expiring.png'))
      const frame = page.getByRole('article', { name: 'expiring.png', exact: true })
      await frame.getByText(/^Developed/).waitFor({ timeout: 120_000 })
      expect(arrived.toSorted()).toEqual(Array.from({ length: partCount }, (_, n) => n + 1))
      expect(tokens).toHaveLength(3)
      expect(refused).toBeGreaterThanOrEqual(2)
      await expectProcessed('expiring.png')
      await page.context().close()
    },
    TEST_TIMEOUT_MS,
  )

  test('is rejected before the upload if it is larger than 50 MB', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
    const path = join(folder, 'huge.jpg')
    await writeFile(path, PHOTOGRAPH)
    await truncate(path, 50 * 1024 * 1024 + 1)
    await loupe.page.locator('input[type=file]').first().setInputFiles(path)
    await loupe.sees(/larger than 50 MB/, loupe.frame('huge.jpg'))
    expect(await loupe.frame('huge.jpg').getByRole('button', { name: /again/ }).count()).toBe(0)
    await rm(folder, { recursive: true })
  })
})
