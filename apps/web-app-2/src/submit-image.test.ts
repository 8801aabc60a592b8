import { deriveImageId, newImageId } from '@darkroom/core'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startWebApp2, type WebApp2 } from './start-web-app-2.ts'
import { readTopic, type TopicReader } from './testing/read-topic.ts'
import { PHOTOGRAPH, upload } from './testing/upload.ts'

const TOPIC = 'images.web-app-2'
const MEGABYTE = 1024 * 1024
const uploadApi = { url: 'http://127.0.0.1:9', apiKey: 'unused' }

let kafka: LocalKafka
let app: WebApp2
let topic: TopicReader

beforeAll(async () => {
  kafka = await startLocalKafka({ topics: { [TOPIC]: 4 } })
  topic = readTopic(kafka.brokers, TOPIC)
  app = await startApp(kafka)
})

afterAll(async () => {
  topic?.stop()
  await app?.stop()
  await kafka?.stop()
})

/** The next record, with its key and headers as text. */
async function nextRecord() {
  const { key, payload, headers = {} } = await topic.next()
  const texts = Object.entries(headers).map(([name, value]) => [name, value.toString()])
  return {
    key: key?.toString(),
    value: payload,
    headers: Object.fromEntries(texts) as Record<string, string>,
  }
}

describe('an upload', () => {
  test('is stored in Kafka byte for byte, as a CloudEvent in binary mode', async () => {
    const eventId = newImageId()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { status, body, headers } = await upload(app.url, {
      attributes: '{"note":"low tide"}',
      headers: { 'Idempotency-Key': eventId, traceparent },
    })
    const record = await nextRecord()
    expect(status).toBe(202)
    expect(body).toEqual({ id: body.id, status: 'queued', links: { self: `/api/images/${body.id}` } })
    expect(headers.get('location')).toBe(`/api/images/${body.id}`)
    expect(record.value.equals(PHOTOGRAPH)).toBe(true)
    expect(record.key).toBe(body.id)
    expect(record.headers).toEqual({
      ce_specversion: '1.0',
      ce_type: 'image.submitted.v1',
      ce_source: '/web-app-2',
      ce_id: eventId,
      ce_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      'content-type': 'image/jpeg',
      ce_filename: 'IMG_0001.JPG',
      ce_attributes: '{"note":"low tide"}',
      traceparent,
    })
  })

  test('is answered with the id that readers derive from the record', async () => {
    const { body } = await upload(app.url)
    const { headers } = await nextRecord()
    const { ce_time = '', ce_source = '', ce_id = '' } = headers
    const id = deriveImageId({ app: 'web-app-2', time: new Date(ce_time), source: ce_source, id: ce_id })
    expect(body.id).toBe(id)
    expect(Math.abs(Date.now() - new Date(ce_time).getTime())).toBeLessThan(60_000)
    expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })

  test('repeated with the same key is the same image', async () => {
    const headers = { 'Idempotency-Key': newImageId() }
    const first = await upload(app.url, { headers })
    const second = await upload(app.url, {
      headers: { 'Idempotency-Key': headers['Idempotency-Key'].toUpperCase() },
    })
    const [one, two] = [await nextRecord(), await nextRecord()]
    expect(second.body.id).toBe(first.body.id)
    expect(two.key).toBe(one.key)
    expect([two.headers.ce_id, two.headers.ce_time]).toEqual([one.headers.ce_id, one.headers.ce_time])
  })

  test('without a key is another image each time', async () => {
    const first = await upload(app.url)
    const second = await upload(app.url)
    await Promise.all([nextRecord(), nextRecord()])
    expect(second.body.id).not.toBe(first.body.id)
  })

  test('keeps a filename in any script, as UTF-8', async () => {
    await upload(app.url, { filename: 'Straße am Meer – 写真 🌊.jpg' })
    expect((await nextRecord()).headers.ce_filename).toBe('Straße am Meer – 写真 🌊.jpg')
  })

  test('may have its attributes as a Blob', async () => {
    const form = new FormData()
    form.append('attributes', new Blob(['{"note":"low tide"}'], { type: 'application/json' }))
    form.append('file', new Blob([PHOTOGRAPH]), 'x.jpg')
    const { status } = await fetch(`${app.url}/api/images`, { method: 'POST', body: form })
    expect(status).toBe(202)
    expect((await nextRecord()).headers.ce_attributes).toBe('{"note":"low tide"}')
  })

  test('gets its content type from the bytes, not from the browser', async () => {
    await upload(app.url, { bytes: onePixelGif(), filename: 'drawing.jpg' })
    expect((await nextRecord()).headers['content-type']).toBe('image/gif')
  })

  test('can be 4 MB', async () => {
    const bytes = Buffer.concat([PHOTOGRAPH, Buffer.alloc(4 * MEGABYTE - PHOTOGRAPH.length)])
    const { status } = await upload(app.url, { bytes })
    expect(status).toBe(202)
    expect((await nextRecord()).value.equals(bytes)).toBe(true)
  })
})

describe('an upload is refused with the reason', () => {
  test.each([
    ['one byte over 4 MB', { bytes: oversized(4 * MEGABYTE + 1) }, 413, /larger than 4 MB/],
    ['far over 4 MB', { bytes: oversized(30 * MEGABYTE) }, 413, /larger than 4 MB/],
    ['empty', { bytes: new Uint8Array() }, 400, /contains no image/],
    ['not an image', { bytes: Buffer.from('Dear diary') }, 415, /isn't an image. Supported types: JPEG/],
    ['cut off', { bytes: PHOTOGRAPH.subarray(0, 500_000) }, 422, /truncated/],
    ['with attributes that are not JSON', { attributes: '{' }, 400, /not valid JSON/],
    [
      'with an invalid attribute key',
      { attributes: '{"A B":"x"}' },
      400,
      /attributes\."A B" must have a key of/,
    ],
    ['with a key that is not a UUIDv7', { headers: { 'Idempotency-Key': 'mine' } }, 400, /UUIDv7/],
    ['with a key from last week', { headers: { 'Idempotency-Key': lastWeek() } }, 400, /last 24 hours/],
  ])('%s', async (_, form, status, detail) => {
    const refused = await upload(app.url, form)
    expect(refused.status).toBe(status)
    expect(refused.headers.get('content-type')).toMatch('application/problem+json')
    expect(refused.body).toMatchObject({ status, detail: expect.stringMatching(detail), retryable: false })
  })

  test.each([
    ['of another site', { 'sec-fetch-site': 'cross-site' }],
    ['of another origin, by a browser without Sec-Fetch-Site', { origin: 'https://evil.example' }],
  ])('from a page %s', async (_, headers) => {
    expect(await upload(app.url, { headers })).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('own page') },
    })
  })

  test('unless it comes from its own page', async () => {
    expect((await upload(app.url, { headers: { origin: app.url } })).status).toBe(202)
    await nextRecord()
  })

  const boundary = 'b'
  const head = `--b\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n`
  const part = Buffer.concat([Buffer.from(head), PHOTOGRAPH, Buffer.from('\r\n')])
  const end = Buffer.from('--b--\r\n')

  test.each([
    ['with two files', Buffer.concat([part, part, end]), boundary, /two parts named "file"/],
    ['that ends in the file', part.subarray(0, 9000), boundary, /before the part "file" is complete/],
    ['that ends after the file', Buffer.concat([part, end.subarray(0, 3)]), boundary, /The form ends early/],
    ['of another boundary', Buffer.concat([part, end]), 'other', /The form ends early/],
    ['without a boundary', Buffer.concat([part, end]), '', /has no boundary/],
  ])('%s', async (_, body, boundary, detail) => {
    const headers = { 'content-type': `multipart/form-data${boundary && `; boundary=${boundary}`}` }
    const response = await fetch(`${app.url}/api/images`, { method: 'POST', headers, body })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      type: 'urn:problem-type:darkroom:malformed-request',
      detail: expect.stringMatching(detail),
    })
  })

  test('if it is not a form', async () => {
    const response = await fetch(`${app.url}/api/images`, { method: 'POST', body: PHOTOGRAPH })
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.status).toBeLessThan(500)
    expect(response.headers.get('content-type')).toMatch('application/problem+json')
  })

  test('and nothing is sent to Kafka', async () => {
    const { body } = await upload(app.url)
    expect((await nextRecord()).key).toBe(body.id)
  })
})

test('an upload is 503 while the broker is down, and a retry succeeds when it is back', async () => {
  const stopping = await startLocalKafka({ topics: { [TOPIC]: 4 } })
  const other = await startApp(stopping)
  expect((await upload(other.url)).status).toBe(202)
  await stopping.stop()
  const key = { 'Idempotency-Key': newImageId() }
  const { status, headers, body } = await upload(other.url, { headers: key })
  expect(status).toBe(503)
  expect(headers.get('retry-after')).toBe('5')
  expect(body).toMatchObject({ retryable: true, detail: expect.stringContaining('was not confirmed') })
  expect(body).not.toHaveProperty('id')
  const health = await fetch(`${other.url}/api/health`)
  expect(await health.json()).toEqual({ status: 'ok', service: 'web-app-2', kafkaConnected: false })
  const returned = await startLocalKafka({ port: stopping.port, topics: { [TOPIC]: 4 } })
  const retried = await upload(other.url, { headers: key })
  expect(retried.status).toBe(202)
  const reader = readTopic(returned.brokers, TOPIC)
  expect((await reader.next()).key?.toString()).toBe(retried.body.id)
  reader.stop()
  await other.stop()
  await returned.stop()
})

test('a broker with a lower limit than the app leads to 413, and the next upload succeeds', async () => {
  const narrow = await startLocalKafka({ topics: { [TOPIC]: 4 }, maxMessageBytes: MEGABYTE })
  const other = await startApp(narrow)
  const { status, body } = await upload(other.url, { bytes: oversized(2 * MEGABYTE) })
  expect(status).toBe(413)
  expect(body).toMatchObject({
    retryable: false,
    detail: expect.stringContaining('larger than this application can take'),
  })
  expect((await upload(other.url)).status).toBe(202)
  await other.stop()
  await narrow.stop()
})

test('a topic that does not exist: the picture is not accepted, no retry is suggested, and the log says why', async () => {
  const lines: string[] = []
  const bare = await startLocalKafka({ topics: {} })
  const misconfigured = await startWebApp2({
    port: 0,
    kafka: { bootstrapBrokers: [bare.brokers], topic: TOPIC },
    uploadApi,
    onLine: (line) => lines.push(line),
  })
  const detail = expect.stringMatching(/not accepted.*misconfigured/)
  expect(await upload(misconfigured.url)).toMatchObject({ status: 503, body: { detail } })
  expect(lines.join('\n')).toMatch(/topic/i)
  await misconfigured.stop()
  await bare.stop()
})

test('parallel uploads are all stored', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => upload(app.url)))
  const keys = new Set<string | undefined>()
  for (const _ of answers) keys.add((await nextRecord()).key)
  expect(keys).toEqual(new Set(answers.map(({ body }) => body.id)))
})

function startApp({ brokers }: LocalKafka): Promise<WebApp2> {
  return startWebApp2({ port: 0, kafka: { bootstrapBrokers: [brokers], topic: TOPIC }, uploadApi })
}

function oversized(bytes: number): Buffer<ArrayBuffer> {
  return Buffer.concat([PHOTOGRAPH, Buffer.alloc(bytes - PHOTOGRAPH.length)])
}

function lastWeek(): string {
  return newImageId(new Date(Date.now() - 7 * 86_400_000))
}

function onePixelGif(): Buffer<ArrayBuffer> {
  return Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
}
