import { newImageId } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { startWebApp2, type WebApp2 } from './start-web-app-2.ts'
import { NOT_FOUND, type StatusApi, startStatusApi } from './testing/start-status-api.ts'

/** Not used by these routes, so no broker is running. */
const kafka = { bootstrapBrokers: ['127.0.0.1:9'], topic: 'images.web-app-2' }

let api: StatusApi
let app: WebApp2

beforeAll(async () => {
  api = await startStatusApi()
  app = await startWebApp2({ port: 0, kafka, uploadApi: { url: `${api.url}/`, apiKey: 'secret-key' } })
})

beforeEach(() => {
  api.requests.length = 0
  api.answer = () => NOT_FOUND
})

afterAll(async () => {
  await app?.stop()
  await api?.stop()
})

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(app.url + path, { headers })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined }
}

const selection = (items: object[], notFound: string[] = []) => ({ status: 200, body: { items, notFound } })
const asked = () => api.requests.map(({ url, headers }) => [url, headers.prefer])
const idOf = (milliseconds: number) => newImageId(new Date(Date.now() + milliseconds))
const minutesAgo = (minutes: number) => idOf(-minutes * 60_000)

describe('the status of a recent image', () => {
  test("is the upload API's, requested with the app's key and waited for in one request", async () => {
    const id = newImageId()
    const image = { id, app: 'web-app-2', status: 'processed', original: { bytes: 7 }, anything: 'new' }
    api.answer = () => ({ ...selection([image]), headers: { 'preference-applied': 'wait=7' } })
    const { status, body, headers } = await get(`/api/images/${id}`, { prefer: 'wait=7' })
    expect([status, body, headers.get('preference-applied')]).toEqual([200, image, 'wait=7'])
    expect(asked()).toEqual([[`/v1/images?ids=${id}`, 'wait=7']])
    expect(api.requests[0]?.headers.authorization).toBe('Bearer secret-key')
  })

  test('is queued while the image may still be in Kafka, for ten minutes', async () => {
    const young = minutesAgo(9)
    api.answer = () => selection([], [young])
    const queued = await get(`/api/images/${young}`)
    expect([queued.status, queued.body]).toEqual([200, { id: young, status: 'queued' }])
    expect(queued.headers.get('retry-after')).toBe('1')
    api.answer = () => NOT_FOUND
    expect((await get(`/api/images/${minutesAgo(11)}`)).status).toBe(404)
    expect((await get(`/api/images/${minutesAgo(-11)}`)).status).toBe(404)
  })

  test('is 500 without details if the API refuses the key', async () => {
    api.answer = () => ({ status: 401, body: { detail: 'bad key' } })
    const { status, body } = await get(`/api/images/${newImageId()}`)
    expect(status).toBe(500)
    expect(JSON.stringify(body)).not.toMatch(/bad key|secret-key/)
  })

  test('is 503 with Retry-After while the upload API is down', async () => {
    const away = await startWebApp2({ port: 0, kafka, uploadApi: { url: 'http://127.0.0.1:9', apiKey: 'k' } })
    const answer = await fetch(`${away.url}/api/images/${newImageId()}`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    await away.stop()
  })

  test('is no longer waited for when the app stops', async () => {
    const other = await startWebApp2({ port: 0, kafka, uploadApi: { url: api.url, apiKey: 'k' } })
    const asked = new Promise<void>((resolve) => {
      api.answer = () => {
        resolve()
        return new Promise(() => {})
      }
    })
    const waiting = fetch(`${other.url}/api/images/${newImageId()}`, { headers: { prefer: 'wait=20' } })
    await asked
    await other.stop()
    expect((await waiting).status).toBe(503)
  })
})

describe('the status of an older image', () => {
  test.each([200, 304, 410, 503])('is relayed with its headers: %i', async (status) => {
    const id = minutesAgo(11)
    const body = status === 304 ? undefined : { id, status: 'processed' }
    api.answer = () => ({ status, body, headers: { etag: '"a"', 'preference-applied': 'wait=7' } })
    const answer = await get(`/api/images/${id}`, { prefer: 'wait=7', 'if-none-match': '"b"' })
    expect([answer.status, answer.body]).toEqual([status, body])
    expect([answer.headers.get('etag'), answer.headers.get('preference-applied')]).toEqual(['"a"', 'wait=7'])
    expect(asked()).toEqual([[`/v1/images/${id}`, 'wait=7']])
    expect(api.requests[0]?.headers['if-none-match']).toBe('"b"')
  })

  test('is 404 for an invalid id, without a request to the API', async () => {
    for (const id of ['x', '..%2f..%2fhealth', '1b4e28ba-2fa1-41d2-883f-0016d3cca427']) {
      expect((await get(`/api/images/${id}`)).status).toBe(404)
    }
    expect(api.requests).toHaveLength(0)
  })
})

describe('images selected by id', () => {
  test('are waited for in one request, and queued while they may be in Kafka', async () => {
    const [old, young, arrived] = [minutesAgo(11), newImageId(), newImageId()]
    api.answer = () => selection([{ id: arrived, status: 'processed' }], [old, young])
    const { body } = await get(`/api/images?ids=${[old, young, arrived]}`, { prefer: 'wait=20' })
    const items = [
      { id: arrived, status: 'processed' },
      { id: young, status: 'queued' },
    ]
    expect(body).toEqual({ items, notFound: [old] })
    expect(asked()).toEqual([[`/v1/images?ids=${[old, young, arrived]}`, 'wait=20']])
  })

  test.each(['?ids=x', `?ids=${Array.from({ length: 101 }, () => newImageId())}`, '?date=2026-11-23'])(
    'are refused without a request to the API: %.20s',
    async (query) => {
      expect((await get(`/api/images${query}`)).status).toBe(400)
      expect(api.requests).toHaveLength(0)
    },
  )
})

describe('the list of images', () => {
  test('is a page of all days, newest first, as the API has it', async () => {
    const page = { items: [{ id: newImageId(), status: 'processed' }], cursor: minutesAgo(100_000) }
    api.answer = () => ({ status: 200, body: page })
    expect((await get('/api/images')).body).toEqual(page)
    expect((await get(`/api/images?cursor=${page.cursor}`)).body).toEqual(page)
    expect(asked().map(([url]) => url)).toEqual([
      '/v1/images?limit=24',
      `/v1/images?limit=24&cursor=${page.cursor}`,
    ])
  })

  test('is 503 if the API fails', async () => {
    api.answer = () => ({ status: 503, body: { detail: 'no' } })
    expect((await get('/api/images')).status).toBe(503)
  })
})

test.each([['/api/images'], [`/api/images?ids=${newImageId()}`], [`/api/images/${newImageId()}`]])(
  'a page of another site gets nothing, and costs no request to the API: %.20s',
  async (path) => {
    api.answer = () => selection([])
    for (const site of ['cross-site', 'same-site'])
      expect((await get(path, { 'sec-fetch-site': site })).status).toBe(403)
    expect((await get(path, { origin: 'https://evil.example' })).status).toBe(403)
    expect(api.requests).toHaveLength(0)
  },
)

test('an unknown path is a problem+json 404', async () => {
  const { status, headers } = await get('/nowhere')
  expect(status).toBe(404)
  expect(headers.get('content-type')).toMatch('application/problem+json')
})
