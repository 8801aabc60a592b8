import { type Client, createClient } from '@darkroom/client'
import { PART_BYTES } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { largePhotograph } from './large-photograph.ts'
import { uppyExample } from './uppy-example.ts'
import { expectEventually } from './web-app-1/open-page.ts'

const KEY = 'dk_test_913e5ec500000001_LocalDevelopmentOnlyNotASecret01f28edb79'

/** The program in docs/api.md, unchanged, in its own page. */
describeWith(BROWSER, "the documented configuration of Uppy's S3 plugin", () => {
  let stack: Stack
  let browser: Browser
  let client: Client
  let site: Awaited<ReturnType<typeof uppyExample>>
  let page: Page
  let photograph: Buffer

  beforeAll(async () => {
    stack = await startStack({ ports: await freePorts(), services: ['upload-api', 'image-processor'] })
    browser = await openBrowser()
    client = createClient({ url: stack.endpoints.uploadApi, credential: KEY })
    photograph = await largePhotograph(5_500_000)
    site = await uppyExample({ api: `${stack.endpoints.uploadApi}/v1`, key: KEY })
    page = await browser.newPage()
    await page.goto(site.url)
  }, 240_000)

  afterAll(async () => {
    await browser?.close()
    await site?.stop()
    await stack?.stop()
  })

  async function expectProcessed(name: string) {
    const find = async () => {
      const { items } = await client.listImages({ limit: 100 })
      return items.filter(({ filename }) => filename === name)
    }
    await expectEventually(async () => expect(await find()).toHaveLength(1))
    const status = await client.waitUntilFinal(String((await find())[0]?.id))
    expect(status).toMatchObject({ status: 'processed', original: { bytes: photograph.length } })
  }

  test.each([
    ['one form POST', 'single.png', 0, 'POST'],
    ['multipart', 'multipart.png', 1, 'PUT'],
  ])('uploads as %s', async (_, name, multipart, method) => {
    const sent: string[] = []
    page.on('requestfinished', (request) => {
      if (request.url().startsWith(stack.endpoints.aws)) sent.push(request.method())
    })
    await page.evaluate(`multipartAbove = ${multipart ? 0 : 100_000_000}`)
    await page.locator('input').setInputFiles({ name, mimeType: 'image/png', buffer: photograph })
    await expectProcessed(name)
    const parts = Math.ceil(photograph.length / PART_BYTES)
    expect(sent.filter((each) => each === method)).toHaveLength(multipart ? parts : 1)
  })
})
