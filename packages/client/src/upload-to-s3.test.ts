import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Client, createClient, newIdempotencyKey } from './index.ts'
import { serve, type TestServer } from './testing/serve.ts'

/** The server says how long parts are; S3's are at least 5 MB. The client asks for parts above 10 MB. */
const PART_BYTES = 2.5 * 1024 * 1024

/** A stand-in for Darkroom and S3. `fail` can respond instead. */
let fail: (what: string, response: ServerResponse) => boolean
let asked: string[]
/** The body of the last POST /v1/uploads. */
let created: object
let parts: Map<number, number>
let uploadId: string | undefined
let client: Client
let server: TestServer
let base: string

beforeEach(async () => {
  fail = () => false
  asked = []
  parts = new Map()
  uploadId = undefined
  server = await serve((request, response) => {
    // Some of these tests abort requests.
    answer(request, response).catch((error) => expect(error.message).toBe('aborted'))
  })
  base = server.url
  client = createClient({ url: base, credential: 'a-key' })
})
afterEach(() => server.stop())

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url: path = '', headers } = request
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const what = whatIs(String(method), path, body)
  asked.push(what)
  expect(headers.authorization).toBe(path.startsWith('/v1/') ? 'Bearer a-key' : undefined)
  if (fail(what, response)) return
  const json = (status: number, answer: object) => response.writeHead(status).end(JSON.stringify(answer))
  if (what === 'create') {
    created = JSON.parse(String(body))
    const begun = uploadId && {
      uploadId,
      parts: [...parts].map(([partNumber, bytes]) => ({ partNumber, bytes, etag: 'e' })),
    }
    const id = headers['idempotency-key']
    json(201, {
      id,
      key: 'k',
      url: `${base}/s3?uploads`,
      headers: { 'x-amz-meta-app': 'a' },
      partBytes: PART_BYTES,
      begun,
    })
  } else if (what === 'begin') {
    expect(headers['x-amz-meta-app']).toBe('a')
    uploadId = 'u-1'
    response.end('<InitiateMultipartUploadResult><UploadId>u-1</UploadId></InitiateMultipartUploadResult>')
  } else if (what.startsWith('sign')) {
    json(200, { url: `${base}/s3?partNumber=${JSON.parse(String(body)).partNumber}` })
  } else if (what.startsWith('part')) {
    parts.set(Number(what.slice(5)), body.length)
    response.end()
  } else {
    json(202, {
      id: path.split('/')[3],
      status: 'queued',
      bytes: [...parts.values()].reduce((a, b) => a + b, 0),
    })
  }
}

function whatIs(method: string, path: string, body: Buffer): string {
  if (path === '/v1/uploads') return 'create'
  if (path === '/v1/uploads/sign') return `sign ${JSON.parse(String(body)).partNumber}`
  if (path.endsWith('/complete')) return 'complete'
  return method === 'PUT' ? `part ${path.split('=')[1]}` : 'begin'
}

const file = new Blob([new Uint8Array(4 * PART_BYTES + 500_000)])
const count = (what: string) => asked.filter((each) => each === what).length

test('sends each part once, at most three concurrently', async () => {
  let open = 0
  let most = 0
  fail = (what, response) => {
    if (!what.startsWith('part')) return false
    most = Math.max(most, ++open)
    response.on('finish', () => open--)
    return false
  }
  const seen: number[] = []
  const idempotencyKey = newIdempotencyKey()
  const accepted = await client.upload(file, { idempotencyKey, onProgress: ({ sent }) => seen.push(sent) })
  expect(accepted).toMatchObject({ id: idempotencyKey, bytes: file.size })
  expect([...parts].toSorted(([a], [b]) => a - b)).toEqual([
    [1, PART_BYTES],
    [2, PART_BYTES],
    [3, PART_BYTES],
    [4, PART_BYTES],
    [5, 500_000],
  ])
  expect(most).toBeLessThanOrEqual(3)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(seen.at(-1)).toBe(file.size)
})

test('sends a failed part again, but not the others', async () => {
  fail = (what, response) => {
    if (what !== 'part 4' || count(what) > 1) return false
    response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>')
    return true
  }
  expect(await client.upload(file)).toMatchObject({ bytes: file.size })
  expect(count('part 1')).toBe(1)
  expect(count('part 4')).toBe(2)
  expect([count('create'), count('begin'), count('complete')]).toEqual([2, 1, 1])
})

test('sends a part again if a proxy answered instead of S3', async () => {
  fail = (what, response) => {
    if (what !== 'part 2' || count(what) > 1) return false
    response.end('<p>Please log in</p>')
    return true
  }
  expect(await client.upload(file)).toMatchObject({ bytes: file.size })
  expect([count('part 1'), count('part 2')]).toEqual([1, 2])
})

test('declares no type, whatever the file is called', async () => {
  const png = new File([file], 'photo.png', { type: 'image/png' })
  await client.upload(png)
  expect(created).toMatchObject({ contentType: 'application/octet-stream', filename: 'photo.png' })
})

test('succeeds on a connection that fails after each part', async () => {
  fail = (what, response) => {
    if (!what.startsWith('part') || count(what) > 1 || parts.size === 0) return false
    response.destroy()
    return true
  }
  expect(await client.upload(file)).toMatchObject({ bytes: file.size })
})

test('repeats a completion whose response was lost, without sending parts again', async () => {
  fail = (what, response) => {
    if (what !== 'complete' || count(what) > 1) return false
    response.destroy()
    return true
  }
  expect(await client.upload(file)).toMatchObject({ bytes: file.size })
  expect([count('create'), count('part 1'), count('complete')]).toEqual([1, 1, 2])
})

test('a permanent S3 error is explained', async () => {
  fail = (what, response) => {
    if (what !== 'part 1') return false
    response.writeHead(400).end('<Error><Code>EntityTooLarge</Code></Error>')
    return true
  }
  const error = { type: 'unexpected-answer', status: 400, detail: /S3 returned 400, EntityTooLarge/ }
  await expect(client.upload(file)).rejects.toMatchObject({
    ...error,
    detail: expect.stringMatching(error.detail),
  })
  expect(count('create')).toBe(1)
})

test('an aborted upload rejects with the reason, and a new one with the same key resumes', async () => {
  const idempotencyKey = newIdempotencyKey()
  const abort = new AbortController()
  const onProgress = ({ sent }: { sent: number }) => sent >= PART_BYTES && abort.abort(new Error('enough'))
  const upload = client.upload(file, { idempotencyKey, onProgress, signal: abort.signal })
  await expect(upload).rejects.toThrow('enough')
  const before = parts.size
  expect(before).toBeGreaterThan(0)
  const seen: number[] = []
  await client.upload(file, { idempotencyKey, onProgress: ({ sent }) => seen.push(sent) })
  expect(seen[0]).toBeGreaterThanOrEqual(PART_BYTES)
  expect(count('begin')).toBe(1)
})
