import { execFile, spawn, spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { configurationFile } from '@darkroom/app-configuration/testing'
import { freePort, freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { newSigningKey, startOpenIdProvider } from '@darkroom/testing/openid-provider'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { codeBlocks } from './code-blocks.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const photograph = join(root, 'node_modules/jpeg-exif/test/IMG_0001.JPG')
const dist = join(root, 'packages/client/dist')
const DOCUMENTED_URL = 'http://127.0.0.1:4000'
const TIMEOUT_MS = 120_000
const run = promisify(execFile)

let stack: Stack
let folder: string
let env: NodeJS.ProcessEnv
let provider: Awaited<ReturnType<typeof startOpenIdProvider>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
  await cp(photograph, join(folder, 'photo.jpg'))
  await writeFile(join(folder, 'diary.jpg'), 'Dear diary')
  await run(process.execPath, [join(root, 'packages/client/scripts/build.ts')])
  await mkdir(join(folder, 'node_modules/@darkroom'), { recursive: true })
  await cp(dist, join(folder, 'node_modules/@darkroom/client'), { recursive: true })
  provider = await startOpenIdProvider([await newSigningKey('one')])
  process.env.APPS_FILE = await configurationOfTheGuide()
  stack = await startStack({ ports: await freePorts(), services: ['upload-api', 'image-processor'] })
  env = { ...process.env, DARKROOM_URL: stack.endpoints.uploadApi }
})
afterAll(async () => {
  await stack.stop()
  await provider.stop()
  await rm(folder, { recursive: true })
})

/** `apps.json` with an app that has the entry of the guide for sign-in, with the provider of this test. */
async function configurationOfTheGuide(): Promise<string> {
  const [entry = ''] = await codeBlocks('docs/guides/sign-in.md', 'json')
  const shop = JSON.parse(entry.replace('https://login.shop.example', provider.issuer))
  return configurationFile({ apps: { 'web-app-1': {}, shop } })
}

/** The longest code block of a guide, which is its program. */
async function programOf(guide: string, language: string): Promise<string> {
  const blocks = await codeBlocks(`docs/guides/${guide}.md`, language)
  return blocks.toSorted((a, b) => b.length - a.length)[0] ?? ''
}

const missing = (command: string, ...args: string[]) => spawnSync(command, args).status !== 0

describe.each([
  ['node', 'js', 'upload.mjs', [process.execPath], false],
  ['python', 'python', 'upload.py', ['python3'], missing('python3', '-c', 'import requests')],
  ['go', 'go', 'upload.go', ['go', 'run'], missing('go', 'version')],
] as const)('the program of the guide for %s', (guide, language, file, [command, ...args], isMissing) => {
  if (isMissing) console.warn(`${guide}: skipped, because ${command} or its packages are not installed.`)
  const testIfInstalled = isMissing ? test.skip : test

  beforeAll(async () => writeFile(join(folder, file), await programOf(guide, language)))
  const upload = (image: string) => run(command, [...args, file, image], { cwd: folder, env })

  testIfInstalled(
    'uploads an image and prints its variants',
    async () => {
      const { stdout } = await upload('photo.jpg')
      expect(stdout).toMatch(/^processed [0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}$/m)
      expect(stdout).toMatch(/^thumb 320 \d+ http/m)
    },
    TIMEOUT_MS,
  )

  testIfInstalled(
    'prints why a file was refused, and fails',
    async () => {
      const failure = { code: 1, stdout: '', stderr: expect.stringContaining('JPEG') }
      await expect(upload('diary.jpg')).rejects.toMatchObject(failure)
    },
    TIMEOUT_MS,
  )

  testIfInstalled(
    'sends again under the same key after a 503',
    async () => {
      const keys: unknown[] = []
      const { close, url } = await listen((request, response) => {
        if (request.method === 'POST') keys.push(request.headers['idempotency-key'])
        request.resume().on('end', () => {
          if (keys.length === 1) response.writeHead(503).end()
          else if (request.method === 'POST') response.writeHead(202).end(JSON.stringify({ id: keys[1] }))
          else {
            const image = { id: keys[1], status: 'processed', variants: [] }
            const isList = request.url?.includes('ids=')
            response.end(JSON.stringify(isList ? { items: [image], notFound: [] } : image))
          }
        })
      })
      const options = { cwd: folder, env: { ...env, DARKROOM_URL: url } }
      const { stdout } = await run(command, [...args, file, 'photo.jpg'], options)
      expect(stdout).toContain(`processed ${keys[0]}`)
      expect(keys).toEqual([keys[0], keys[0]])
      close()
    },
    TIMEOUT_MS,
  )

  testIfInstalled(
    'asks for a queued image again after the seconds in Retry-After',
    async () => {
      const asked: number[] = []
      let id: unknown
      const { close, url } = await listen((request, response) => {
        request.resume().on('end', () => {
          if (request.method === 'POST') {
            id = request.headers['idempotency-key']
            return response.writeHead(202).end(JSON.stringify({ id }))
          }
          asked.push(performance.now())
          const image = { id, status: asked.length === 1 ? 'queued' : 'processed', variants: [] }
          const isList = request.url?.includes('ids=')
          if (asked.length === 1) response.setHeader('retry-after', '3')
          response.end(JSON.stringify(isList ? { items: [image], notFound: [] } : image))
        })
      })
      const options = { cwd: folder, env: { ...env, DARKROOM_URL: url } }
      const { stdout } = await run(command, [...args, file, 'photo.jpg'], options)
      close()
      expect(stdout).toContain(`processed ${id}`)
      const [first = 0, second = 0] = asked
      expect(second - first).toBeGreaterThanOrEqual(2_900)
    },
    TIMEOUT_MS,
  )
})

test(
  'the page of the guide for sign-in uploads with access tokens of the provider, and sees no image of another user',
  async () => {
    const program = (await programOf('sign-in', 'js')).replaceAll(DOCUMENTED_URL, stack.endpoints.uploadApi)
    await writeFile(join(folder, 'page.mjs'), program.replace('./sign-in.js', './sign-in.mjs'))
    await writeFile(join(folder, 'sign-in.mjs'), 'export const getAccessToken = () => globalThis.signedIn()')
    const tokenOf = (user: string) => provider.accessToken(user, 'https://images.shop.example')
    Object.assign(globalThis, { signedIn: () => tokenOf('zoë') })
    const { upload } = await import(join(folder, 'page.mjs'))
    const image = await upload(new Blob([await readFile(photograph)]))
    expect(image).toMatchObject({ app: 'shop', status: 'processed', uploader: 'zoë' })
    const statusFor = async (user: string) => {
      const headers = { authorization: `Bearer ${await tokenOf(user)}` }
      return (await fetch(`${stack.endpoints.uploadApi}/v1/images/${image.id}`, { headers })).status
    }
    expect([await statusFor('zoë'), await statusFor('bob')]).toEqual([200, 404])
  },
  TIMEOUT_MS,
)

async function listen(listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

describeWith(BROWSER, 'the pages of the guides', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  test(
    'html: shows an image, and why a file was refused',
    async () => {
      const html = (await programOf('html', 'html')).replaceAll(DOCUMENTED_URL, stack.endpoints.uploadApi)
      const script = await readFile(join(dist, 'index.js'))
      const { url, close } = await listen((request, response) => {
        const isScript = request.url === '/darkroom-client.js'
        response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
        response.end(isScript ? script : html)
      })
      const page = await browser.newPage()
      await page.goto(url)
      const files = ['photo.jpg', 'diary.jpg'].map((name) => join(folder, name))
      await page.getByLabel('Images').setInputFiles(files)
      await page.getByText(/^diary.jpg: .*JPEG/).waitFor()
      await page.getByRole('img', { name: 'photo.jpg' }).waitFor()
      await page.waitForFunction('document.images[0].naturalWidth > 0')
      close()
    },
    TIMEOUT_MS,
  )

  test(
    'form: works without JavaScript, and twice is one image',
    async () => {
      await writeFile(join(folder, 'server.mjs'), await programOf('form', 'js'))
      const PORT = String(await freePort())
      const server = spawn(process.execPath, ['server.mjs'], { cwd: folder, env: { ...env, PORT } })
      const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
      const url = String((await lines.next()).value)
      const context = await browser.newContext({ javaScriptEnabled: false })
      const page = await context.newPage()
      const send = async (name: string) => {
        await page.goto(url)
        const action = await page.locator('form').getAttribute('action')
        await page.getByLabel('Image, up to 4 MB').setInputFiles(join(folder, name))
        await page.getByRole('button', { name: 'Upload', exact: true }).click()
        return `${url}${action}`
      }
      const address = await send('photo.jpg')
      await page.getByRole('img', { name: 'Your image' }).waitFor()
      expect(page.url()).toBe(address)
      const body = new FormData()
      body.set('file', new File([await readFile(photograph)], 'photo.jpg'))
      const again = await fetch(address, { method: 'POST', body, redirect: 'manual' })
      expect([again.status, `${url}${again.headers.get('location')}`]).toEqual([303, address])
      await send('diary.jpg')
      await page.getByText('JPEG').waitFor()
      server.kill()
    },
    TIMEOUT_MS,
  )
})
