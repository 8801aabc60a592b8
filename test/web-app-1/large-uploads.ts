import { createHash } from 'node:crypto'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@darkroom/client'
import { PART_BYTES } from '@darkroom/core'
import type { Stack } from '@darkroom/local-stack'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Page, Request, Route } from 'playwright-core'
import { largeFile, SMALL_PHOTOGRAPH } from '../photographs.ts'
import { uppyExample } from '../uppy-example.ts'
import { expectEventually, type LoupePage } from './open-page.ts'

const START_TIMEOUT_MS = 240_000
const TEST_TIMEOUT_MS = 240_000
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const KEY = 'dk_test_913e5ec500000001_LocalDevelopmentOnlyNotASecret01f28edb79'

/** Photographs that are sent to S3 in parts. @param running called once the tests run */
export function testLargeUploads(running: () => { stack: Stack; loupe: LoupePage }): void {
  let stack: Stack
  let loupe: LoupePage
  let client: Client
  let folder: string
  let photograph: Buffer
  let partCount: number

  beforeAll(async () => {
    ;({ stack, loupe } = running())
    client = createClient({ url: stack.endpoints.uploadApi, credential: KEY })
    folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
    photograph = largeFile(2 * PART_BYTES + 500_000)
    partCount = Math.ceil(photograph.length / PART_BYTES)
  })
  afterEach(() => loupe.page.context().setOffline(false))
  afterAll(() => rm(folder, { recursive: true }))

  /** By its path, because the browser gets bytes in base64. */
  async function chooseIn(page: Page, name: string) {
    const path = join(folder, name)
    await writeFile(path, photograph)
    await page.locator('input[type=file]').first().setInputFiles(path)
  }

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
      original: { bytes: photograph.length, sha256: sha256(photograph), contentType: 'image/jpeg' },
    })
  }

  const seesDeveloped = (name: string) =>
    loupe
      .frame(name)
      .getByText(/^Developed/)
      .waitFor({ timeout: 120_000 })

  test(
    'is sent to S3 in parts and developed',
    async () => {
      const arrived = watchParts(loupe.page)
      await chooseIn(loupe.page, 'large.jpg')
      await seesDeveloped('large.jpg')
      expect(arrived.toSorted()).toEqual(Array.from({ length: partCount }, (_, n) => n + 1))
      await expectProcessed('large.jpg')
    },
    TEST_TIMEOUT_MS,
  )

  test(
    'resumes after a reload with the missing parts',
    async () => {
      const arrived = watchParts(loupe.page)
      const loseParts = await holdLaterParts(loupe.page)
      await chooseIn(loupe.page, 'reloaded.jpg')
      await expectEventually(() => expect(arrived.toSorted()).toEqual([1, 2]), 120_000)
      await Promise.all([loseParts(), loupe.page.reload()])
      await seesDeveloped('reloaded.jpg')
      expect(arrived.slice(2)).not.toContain(1)
      await expectProcessed('reloaded.jpg')
    },
    TEST_TIMEOUT_MS,
  )

  test(
    'resumes when the network is back',
    async () => {
      const arrived = watchParts(loupe.page)
      const loseParts = await holdLaterParts(loupe.page)
      await chooseIn(loupe.page, 'cut.jpg')
      await expectEventually(() => expect(arrived.toSorted()).toEqual([1, 2]), 120_000)
      await loupe.page.context().setOffline(true)
      await loseParts()
      await loupe.sees('You are offline.')
      await loupe.sees('Waiting for a connection', loupe.frame('cut.jpg'))
      expect(arrived).toHaveLength(2)
      await loupe.page.context().setOffline(false)
      await seesDeveloped('cut.jpg')
      expect(arrived.slice(2)).not.toContain(1)
      await expectProcessed('cut.jpg')
    },
    TEST_TIMEOUT_MS,
  )

  test.each([
    ['huge.jpg', SMALL_PHOTOGRAPH, 50 * 1024 * 1024 + 1, /larger than 50 MB/],
    ['scan.tif', Buffer.from('II*'), 5_000_000, /isn’t supported/],
  ])('is rejected before the upload: %s', async (name, start, bytes, words) => {
    const path = join(folder, name)
    await writeFile(path, start)
    await truncate(path, bytes)
    await loupe.page.locator('input[type=file]').first().setInputFiles(path)
    await loupe.sees(words, loupe.frame(name))
    expect(await loupe.frame(name).getByRole('button', { name: /again/ }).count()).toBe(0)
  })

  /** The program in docs/api.md, unchanged, in its own page. */
  describe("with the documented configuration of Uppy's S3 plugin", () => {
    let site: Awaited<ReturnType<typeof uppyExample>>
    let page: Page
    beforeAll(async () => {
      site = await uppyExample({ api: `${stack.endpoints.uploadApi}/v1`, key: KEY })
      page = await loupe.page.context().newPage()
      await page.goto(site.url)
    }, START_TIMEOUT_MS)
    afterAll(async () => {
      await page?.close()
      await site?.stop()
    })

    test.each([
      ['one form POST', 'single.jpg', 0, 'POST'],
      ['multipart', 'multipart.jpg', 1, 'PUT'],
    ])(
      'is uploaded as %s',
      async (_, name, multipart, method) => {
        const sent: string[] = []
        page.on('requestfinished', (request) => {
          if (request.url().startsWith(stack.endpoints.aws)) sent.push(request.method())
        })
        await page.evaluate(`multipartAbove = ${multipart ? 0 : 100_000_000}`)
        await chooseIn(page, name)
        await expectProcessed(name)
        expect(sent.filter((each) => each === method)).toHaveLength(multipart ? partCount : 1)
      },
      TEST_TIMEOUT_MS,
    )
  })
}
