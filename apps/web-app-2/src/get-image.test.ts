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

const idOf = (milliseconds: number) => newImageId(new Date(Date.now() + milliseconds))
const minutesAgo = (minutes: number) => idOf(-minutes * 60_000)

describe('the status of an image', () => {
  test("is the upload API's answer, requested with the app's key", async () => {
    const id = newImageId()
    const image = { id, app: 'web-app-2', status: 'processed', original: { bytes: 7 }, anything: 'new' }
    api.answer = () => ({
      status: 200,
      body: image,
      headers: { etag: '"a"', 'preference-applied': 'wait=7' },
    })
    const { status, body, headers } = await get(`/api/images/${id}`, {
      prefer: 'wait=7',
      'if-none-match': '"b"',
    })
    expect([status, body]).toEqual([200, image])
    expect([headers.get('etag'), headers.get('preference-applied')]).toEqual(['"a"', 'wait=7'])
    expect(api.requests).toHaveLength(1)
    expect(api.requests[0]?.url).toBe(`/v1/images/${id}`)
    expect(api.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer secret-key',
      prefer: 'wait=7',
      'if-none-match': '"b"',
    })
  })

  test('is relayed as 304, 410 and 503 too', async () => {
    for (const status of [304, 410, 503]) {
      api.answer = () => ({ status, body: status === 304 ? undefined : { status, detail: 'text' } })
      const answer = await get(`/api/images/${newImageId()}`)
      expect(answer.status).toBe(status)
      if (status !== 304) expect(answer.body).toEqual({ status, detail: 'text' })
    }
  })

  test('is queued while the image may still be in Kafka, for ten minutes', async () => {
    const young = minutesAgo(9)
    const queued = await get(`/api/images/${young}`)
    expect([queued.status, queued.body]).toEqual([200, { id: young, status: 'queued' }])
    expect(queued.headers.get('retry-after')).toBe('1')
    expect((await get(`/api/images/${minutesAgo(11)}`)).status).toBe(404)
    expect((await get(`/api/images/${minutesAgo(-11)}`)).status).toBe(404)
  })

  test('can be waited for until the image reaches S3', async () => {
    const id = newImageId()
    let polls = 0
    api.answer = () =>
      ++polls < 3 ? NOT_FOUND : { status: 200, body: { id, status: 'queued', original: {} } }
    const { body } = await get(`/api/images/${id}`, { prefer: 'wait=20' })
    expect(body).toEqual({ id, status: 'queued', original: {} })
    expect(api.requests.map(({ headers }) => headers.prefer)).toEqual(['wait=20', undefined, undefined])
  })

  test('is not waited for longer than requested', async () => {
    const began = Date.now()
    const { body } = await get(`/api/images/${newImageId()}`, { prefer: 'wait=1' })
    expect(body).toMatchObject({ status: 'queued' })
    expect(Date.now() - began).toBeGreaterThanOrEqual(900)
  })

  test('is 404 for an invalid id, without a request to the API', async () => {
    for (const id of ['x', '..%2f..%2fhealth', '1b4e28ba-2fa1-41d2-883f-0016d3cca427']) {
      expect((await get(`/api/images/${id}`)).status).toBe(404)
    }
    expect(api.requests).toHaveLength(0)
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

describe('the recent images', () => {
  const dayOf = (url = '') => Object.fromEntries(new URL(url, api.url).searchParams)

  test("are today's, newest first", async () => {
    const [old, middle, young] = [idOf(-2), idOf(-1), idOf(0)]
    api.answer = ({ url }) => {
      const after = dayOf(url).cursor ?? ''
      return {
        status: 200,
        body: {
          items: [old, middle, young].filter((id) => id > after).map((id) => ({ id, status: 'queued' })),
        },
      }
    }
    const { body } = await get('/api/images')
    expect(body.items.map((item: { id: string }) => item.id)).toEqual([young, middle, old])
    for (const { url } of api.requests) expect(dayOf(url).date).toBe(new Date().toISOString().slice(0, 10))
  })

  test('need few requests on a busy day', async () => {
    const busy = Array.from({ length: 40 }, (_, second) =>
      newImageId(new Date(Date.now() - 200_000 + second * 1000)),
    )
    api.answer = () => ({ status: 200, body: { items: busy.map((id) => ({ id })) } })
    const { body } = await get('/api/images')
    expect(body.items).toHaveLength(24)
    expect(body.items[0].id).toBe(busy.at(-1))
    expect(api.requests).toHaveLength(1)
  })

  test('follow the cursor', async () => {
    const [first, second] = [idOf(-1), idOf(0)]
    api.answer = ({ url }) => ({
      status: 200,
      body:
        dayOf(url).cursor === first ? { items: [{ id: second }] } : { items: [{ id: first }], cursor: first },
    })
    expect((await get('/api/images')).body.items).toEqual([{ id: second }, { id: first }])
  })

  test('are 503 if the API fails', async () => {
    api.answer = () => ({ status: 503, body: { detail: 'no' } })
    expect((await get('/api/images')).status).toBe(503)
  })
})

test('an unknown path is a problem+json 404', async () => {
  const { status, headers } = await get('/nowhere')
  expect(status).toBe(404)
  expect(headers.get('content-type')).toMatch('application/problem+json')
})
