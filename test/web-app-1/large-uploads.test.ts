import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@darkroom/client'
import { PART_BYTES } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import type { Browser, Page, Request } from 'playwright-core'
import { largePhotograph } from '../large-photograph.ts'
import { expectEventually, type LoupePage, openPage } from './open-page.ts'

const START_TIMEOUT_MS = 240_000
const TEST_TIMEOUT_MS = 240_000
const KEY = 'local-web-app-1'

describeWith(BROWSER, 'a 30 MB photograph with the whole local stack', () => {
  let stack: Stack
  let browser: Browser
  let client: Client
  let photograph: Buffer
  let partCount: number

  beforeAll(async () => {
    stack = await startStack({ ports: await freePorts() })
    browser = await openBrowser()
    client = createClient({ url: stack.endpoints.uploadApi, credential: KEY })
    photograph = await largePhotograph(11_000_000)
    expect(photograph.length).toBeGreaterThan(30_000_000)
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

  async function slowDown(page: Page, bytesPerSecond: number) {
    const network = await page.context().newCDPSession(page)
    const conditions = { offline: false, latency: 0, downloadThroughput: -1 }
    await network.send('Network.emulateNetworkConditions', {
      ...conditions,
      uploadThroughput: bytesPerSecond,
    })
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

  describe('in Loupe', () => {
    let loupe: LoupePage
    beforeAll(async () => {
      loupe = await openPage(browser, stack.endpoints.webApp1)
    })
    afterAll(() => loupe?.page.context().close())

    const seesDeveloped = (name: string) =>
      loupe
        .frame(name)
        .getByText(/^Developed/)
        .waitFor({ timeout: 120_000 })

    test(
      'is sent to S3 in parts and developed',
      async () => {
        const arrived = watchParts(loupe.page)
        await loupe.choose(file('thirty.png'))
        await seesDeveloped('thirty.png')
        expect(arrived).toEqual(Array.from({ length: partCount }, (_, n) => n + 1))
        await expectProcessed('thirty.png')
      },
      TEST_TIMEOUT_MS,
    )

    test(
      'resumes after a reload with the missing parts',
      async () => {
        const arrived = watchParts(loupe.page)
        await slowDown(loupe.page, 6_000_000)
        await loupe.choose(file('reloaded.png'))
        await expectEventually(() => expect(arrived.length).toBeGreaterThanOrEqual(2))
        await loupe.page.reload()
        const before = arrived.length
        expect(before).toBeLessThan(partCount)
        await slowDown(loupe.page, -1)
        await seesDeveloped('reloaded.png')
        expect(new Set(arrived).size).toBe(partCount)
        expect(arrived.slice(before)).not.toContain(1)
        await expectProcessed('reloaded.png')
      },
      TEST_TIMEOUT_MS,
    )

    test(
      'resumes when the network is back',
      async () => {
        const arrived = watchParts(loupe.page)
        await slowDown(loupe.page, 6_000_000)
        await loupe.choose(file('cut.png'))
        await expectEventually(() => expect(arrived.length).toBeGreaterThanOrEqual(2))
        await loupe.page.context().setOffline(true)
        await loupe.sees('You are offline.')
        await loupe.sees(/^Uploading/, loupe.frame('cut.png'))
        const before = arrived.length
        expect(before).toBeLessThan(partCount)
        await slowDown(loupe.page, -1)
        await loupe.page.context().setOffline(false)
        await seesDeveloped('cut.png')
        expect(arrived.slice(before)).not.toContain(1)
        await expectProcessed('cut.png')
      },
      TEST_TIMEOUT_MS,
    )

    test(
      'is rejected with an explanation after the upload if it is not an image',
      async () => {
        await loupe.choose({ name: 'diary.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(12_000_000) })
        await loupe.sees(/isn't an image/, loupe.frame('diary.jpg'))
        expect(await loupe.frame('diary.jpg').getByRole('button', { name: /again/ }).count()).toBe(0)
      },
      TEST_TIMEOUT_MS,
    )
  })

  test('is rejected before the upload if it is larger than 50 MB', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
    const path = join(folder, 'huge.jpg')
    await writeFile(path, '')
    await truncate(path, 50 * 1024 * 1024 + 1)
    const loupe = await openPage(browser, stack.endpoints.webApp1)
    await loupe.page.locator('input[type=file]').first().setInputFiles(path)
    await loupe.sees(/larger than 50 MB/, loupe.frame('huge.jpg'))
    expect(await loupe.frame('huge.jpg').getByRole('button', { name: /again/ }).count()).toBe(0)
    await loupe.page.context().close()
    await rm(folder, { recursive: true })
  })

  /** The program in docs/api.md, unchanged, in its own page. */
  describe("with the documented configuration of Uppy's S3 plugin", () => {
    let server: Server
    let page: Page

    beforeAll(async () => {
      const script = await bundleExample({ api: `${stack.endpoints.uploadApi}/v1`, key: KEY })
      const html = '<!doctype html><title>Uppy</title><input type="file"><script src="/uppy.js"></script>'
      server = createServer(({ url }, response) => {
        response.setHeader('content-type', url === '/uppy.js' ? 'text/javascript' : 'text/html')
        response.end(url === '/uppy.js' ? script : html)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    })
    afterAll(() => void server?.close())

    test.each([
      ['one form POST', 'single.png', 0, 'POST'],
      ['multipart', 'multipart.png', 1, 'PUT'],
    ])(
      'is uploaded as %s',
      async (_, name, multipart, method) => {
        const sent: string[] = []
        page.on('requestfinished', (request) => {
          if (request.url().startsWith(stack.endpoints.aws)) sent.push(request.method())
        })
        await page.evaluate(`multipartAbove = ${multipart ? 0 : 100_000_000}`)
        await page.locator('input').setInputFiles(file(name))
        await expectProcessed(name)
        expect(sent.filter((each) => each === method)).toHaveLength(multipart ? partCount : 1)
      },
      TEST_TIMEOUT_MS,
    )
  })
})

/** The block of docs/api.md that configures Uppy, bundled for a page with one file input. */
async function bundleExample(settings: { api: string; key: string }): Promise<string> {
  const document = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8')
  const program = /^```js\n(import Uppy [\s\S]+?)^```/m.exec(document)?.[1] ?? ''
  expect(program).toContain('signRequest')
  const configured = program
    .replace('http://127.0.0.1:4000/v1', settings.api)
    .replace('local-web-app-1', settings.key)
  const contents = `${configured}
    globalThis.multipartAbove = MULTIPART_ABOVE
    document.querySelector('input').onchange = ({ target }) =>
      uppy.addFiles([...target.files].map((data) => ({ name: data.name, type: data.type, data })))`
  const { outputFiles } = await build({
    stdin: {
      contents: contents.replace('size > MULTIPART_ABOVE', 'size > globalThis.multipartAbove'),
      resolveDir: new URL('../../apps/web-app-1/page', import.meta.url).pathname,
    },
    bundle: true,
    write: false,
    format: 'iife',
  })
  return outputFiles[0]?.text ?? ''
}
