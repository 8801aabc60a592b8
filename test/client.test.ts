import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Client, createClient, newIdempotencyKey } from '@darkroom/client'
import { formatUploadToken, newImageId, PART_BYTES } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { largeFile, SMALL_PHOTOGRAPH } from './photographs.ts'

const START_TIMEOUT_MS = 240_000
const KEY = 'dk_test_913e5ec500000001_LocalDevelopmentOnlyNotASecret01f28edb79'
const run = promisify(execFile)
const clientFolder = fileURLToPath(new URL('../packages/client/', import.meta.url))

/** The programs in the README, by their heading. */
async function readExamples(): Promise<Map<string, string>> {
  const readme = await readFile(join(clientFolder, 'README.md'), 'utf8')
  const found = readme.matchAll(/^## (.+)\n\n```ts\n([\s\S]+?)^```/gm)
  return new Map([...found].map(([, title = '', program = '']) => [title, program]))
}

/** On a device with a wrong clock: an upload, the same after a reload, one to S3, and one without a key. Prints the ids. */
const wrongClock = `
  import { readFile } from 'node:fs/promises'
  import { createClient, newIdempotencyKey } from '@darkroom/client'

  const { DARKROOM_URL = '', DARKROOM_KEY = '', OFFSET_MS, ALBUM = '' } = process.env
  const now = Date.now
  Date.now = () => now() + Number(OFFSET_MS)
  const load = () => createClient({ url: DARKROOM_URL, credential: DARKROOM_KEY })
  const bytes = await readFile('photo.jpg')
  const options = { attributes: { album: ALBUM } }
  const key = newIdempotencyKey()
  const client = load()
  const large = Buffer.concat([bytes, Buffer.alloc(5_000_000)])
  const { id: keyed } = await client.upload(bytes, { ...options, idempotencyKey: key })
  const { id: again } = await load().upload(bytes, { ...options, idempotencyKey: key })
  const { id: sent } = await load().upload(large, options)
  const { id: unkeyed } = await client.upload(bytes, options)
  console.log(JSON.stringify([keyed, again, sent, unkeyed]))`

describe('the client against the whole stack', () => {
  let dataDir: string
  let stack: Stack
  let client: Client
  /** Inside the package, so that programs can import it by its name. */
  let folder: string
  /** A file with four parts. */
  let large: Buffer
  const examples = readExamples()

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'darkroom-'))
    await mkdir(join(clientFolder, '.cache'), { recursive: true })
    folder = await mkdtemp(join(clientFolder, '.cache/examples-'))
    await writeFile(join(folder, 'photo.jpg'), SMALL_PHOTOGRAPH)
    large = largeFile(17_000_000)
    await writeFile(join(folder, 'large.png'), large)
    stack = await startStack({
      ports: await freePorts(),
      dataDir,
      services: ['upload-api', 'image-processor'],
    })
    client = createClient({ url: stack.endpoints.uploadApi, credential: async () => KEY })
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await rm(folder, { recursive: true })
    await stack.stop()
    await rm(dataDir, { recursive: true })
  })

  async function runExample(title: string): Promise<string> {
    await writeFile(join(folder, 'example.ts'), (await examples).get(title) ?? '')
    const env = { ...process.env, DARKROOM_URL: stack.endpoints.uploadApi, DARKROOM_KEY: KEY }
    const options = { cwd: folder, env, timeout: 60_000 }
    return (await run(process.execPath, ['--experimental-strip-types', 'example.ts'], options)).stdout
  }

  test('the upload example prints its progress and the variants', async () => {
    const printed = await runExample('Upload an image and wait for the result')
    expect(printed).toMatch(/^(\d+) of \1 bytes$/m)
    expect(printed).toMatch(/^processed thumb 320 px, medium \d+ px/m)
  })

  test('the example that stops early resumes with the missing parts', async () => {
    const printed = await runExample('Large files, and resuming after a reload')
    const [, first, bytes] =
      /^stopped early\nresumed after (\d+) of (\d+) bytes\nprocessed$/m.exec(printed) ?? []
    expect(Number(bytes)).toBe(large.length)
    expect(Number(first)).toBeGreaterThanOrEqual(PART_BYTES)
    expect(Number(first)).toBeLessThan(large.length)
  })

  test('a file too large for the API and too small for a multipart upload is sent as a form', async () => {
    const filename = 'form é.png'
    const file = new File([SMALL_PHOTOGRAPH, new Uint8Array(5_000_000)], filename, { type: 'image/png' })
    const { id, contentType } = await client.upload(file, { attributes: { album: 'coast' } })
    expect(contentType).toBe('image/jpeg')
    expect(await client.waitUntilFinal(id, { timeout: 25_000 })).toMatchObject({
      status: 'processed',
      filename,
      attributes: { album: 'coast' },
      original: { bytes: file.size },
    })
    expect(await client.deleteImage(id)).toMatchObject({ id, status: 'erased', original: {} })
  })

  test.each([
    ['as raw bytes', {}],
    ['in a form', { attributes: { album: 'coast' } }],
  ])('a JPEG named .png is accepted %s', async (_, options) => {
    const file = new File([SMALL_PHOTOGRAPH], 'photo.png', { type: 'image/png' })
    expect(await client.upload(file, options)).toMatchObject({ contentType: 'image/jpeg' })
  })

  test('a file that is not an image is refused after the upload to S3, one that is too large before it', async () => {
    await expect(client.upload(Buffer.alloc(6_000_000))).rejects.toMatchObject({
      type: 'unsupported-media-type',
      status: 415,
    })
    await expect(client.upload(Buffer.alloc(50 * 1024 * 1024 + 1))).rejects.toMatchObject({
      type: 'payload-too-large',
    })
  })

  test('tokens that expire between parts and before the end are replaced, and each part is sent once', async () => {
    const tokenUntil = (seconds: number) => {
      const exp = Math.floor(Date.now() / 1000) + seconds
      return formatUploadToken(KEY, { scopes: ['upload', 'read'], uploader: 'visitor', exp })
    }
    const tokens: string[] = []
    const issue = () => {
      tokens.push(tokenUntil(900 + tokens.length))
      return { token: String(tokens.at(-1)), expiresAt: new Date(Date.now() + 3_600_000).toISOString() }
    }
    const bytes = new Uint8Array(large.subarray(0, 2 * PART_BYTES + 1))
    const parts: number[] = []
    const answers: string[] = []
    const late = new Set<string>()
    /** Two requests arrive when their token has expired. */
    const lateFetch: typeof fetch = async (input, init) => {
      const { pathname, searchParams } = new URL(String(input))
      const isLast = pathname.endsWith('/sign') && JSON.parse(String(init?.body)).partNumber === 3
      const headers = new Headers(init?.headers)
      if ((isLast || pathname.endsWith('/complete')) && !late.has(pathname)) {
        late.add(pathname)
        headers.set('authorization', `Bearer ${tokenUntil(-1)}`)
      }
      const part = Number(searchParams.get('partNumber'))
      if (part) parts.push(part)
      const answer = await originalFetch(input, { ...init, headers })
      answers.push(`${pathname.split('/').at(-1)} ${answer.status}`)
      return answer
    }
    const originalFetch = globalThis.fetch
    globalThis.fetch = lateFetch
    try {
      const { id } = await createClient({ url: stack.endpoints.uploadApi, credential: issue }).upload(bytes)
      expect(await client.waitUntilFinal(id, { timeout: 120_000 })).toMatchObject({
        status: 'processed',
        uploader: 'visitor',
        original: { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
      })
    } finally {
      globalThis.fetch = originalFetch
    }
    expect(parts.toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    expect(tokens).toHaveLength(3)
    expect(answers.filter((answer) => answer.endsWith(' 401'))).toEqual(['sign 401', 'complete 401'])
  })

  test('the error example prints the type and what to do', async () => {
    const printed = await runExample('Errors')
    expect(printed).toMatch(/^unsupported-media-type 415 try another file\n.*JPEG/)
  })

  test('the list example prints the newest images', async () => {
    await client.upload(SMALL_PHOTOGRAPH, { filename: 'listed.jpg' })
    expect(await runExample('List images, newest first')).toMatch(/^listed\.jpg (queued|processed)$/m)
  })

  test('every example has a test', async () => {
    expect((await examples).size).toBe(4)
  })

  test('attributes are stored with the image, and the same key is the same image', async () => {
    const options = {
      filename: 'coast.jpg',
      attributes: { album: 'coast' },
      idempotencyKey: newIdempotencyKey(),
    }
    const first = await client.upload(SMALL_PHOTOGRAPH, options)
    const again = await client.upload(SMALL_PHOTOGRAPH, options)
    expect(again.id).toBe(options.idempotencyKey)
    expect(first).toEqual(again)
    const image = await client.waitUntilFinal(first.id, { timeout: 25_000 })
    expect(image).toMatchObject({
      status: 'processed',
      filename: 'coast.jpg',
      attributes: { album: 'coast' },
    })
    expect(await client.getImage(first.id)).toEqual(image)
  })

  const DAY_MS = 86_400_000
  /** The ids of the uploads of a device with this clock, and those that are stored for them. */
  async function uploadWithClock(offsetMs: number) {
    const album = newIdempotencyKey()
    const env = { ...process.env, DARKROOM_URL: stack.endpoints.uploadApi, DARKROOM_KEY: KEY, ALBUM: album }
    const options = { cwd: folder, env: { ...env, OFFSET_MS: String(offsetMs) }, timeout: 60_000 }
    const program = ['--experimental-strip-types', 'wrong-clock.ts']
    const { stdout } = await run(process.execPath, program, options)
    const { items } = await client.listImages({ limit: 100 })
    const stored = items.filter(({ attributes }) => attributes?.album === album).map(({ id }) => id)
    return { sent: JSON.parse(stdout), stored: stored.toSorted() }
  }

  // packages/client has tests with other clocks.
  test('with a wrong clock, each upload is one image, also repeated after a reload', async () => {
    await writeFile(join(folder, 'wrong-clock.ts'), wrongClock)
    const clocks = [-3 * DAY_MS, Date.UTC(2099, 5) - Date.now()]
    for (const { sent, stored } of await Promise.all(clocks.map(uploadWithClock))) {
      const [keyed, again, large, unkeyed] = sent
      expect(again).toEqual(keyed)
      expect(stored).toEqual([keyed, large, unkeyed].toSorted())
    }
  })

  test('a wrong credential and an unknown image are typed errors', async () => {
    const stranger = createClient({ url: stack.endpoints.uploadApi, credential: 'nobody' })
    await expect(stranger.listImages()).rejects.toMatchObject({ type: 'unauthenticated', status: 401 })
    // Old enough that it cannot be on its way through Kafka.
    const unknown = newImageId(new Date(Date.now() - 86_400_000))
    await expect(client.getImage(unknown)).rejects.toMatchObject({ type: 'not-found' })
    await expect(client.waitUntilFinal(unknown)).rejects.toMatchObject({
      type: 'not-found',
      imageId: unknown,
    })
  })
})
