import { newImageId, type ProblemSlug } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import { processedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { jpeg, otherJpeg } from '../testing/sample-images.ts'
import { type Answer, send, type TestRequest } from '../testing/send.ts'
import { openApiDocument } from './openapi-document.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
afterAll(async () => {
  await store.close()
  await aws.stop()
})

interface Operation {
  requestBody?: { content: Record<string, { example?: object }> }
  responses: Record<string, { headers?: object; content?: Record<string, { examples?: object }> }>
}
const { paths }: { paths: Record<string, Record<string, Operation>> } = JSON.parse(
  JSON.stringify(openApiDocument()),
)
const operation = (method: string, path: string) => {
  const found = paths[path]?.[method.toLowerCase()]
  if (!found) throw new Error(`${method} ${path} is not described`)
  return found
}

const ROUTES: Record<string, string> = {
  'POST /v1/images': 'upload-image',
  'GET /v1/images': 'list-images',
  'HEAD /v1/images': 'list-images',
  'GET /v1/images/{id}': 'get-image',
  'HEAD /v1/images/{id}': 'get-image',
  'DELETE /v1/images/{id}': 'erase-image',
  'POST /v1/uploads': 'create-upload',
  'POST /v1/uploads/sign': 'sign-upload',
  'POST /v1/uploads/{id}/complete': 'complete-upload',
  'GET /v1/health': 'health',
  'GET /v1/ready': 'ready',
  'GET /v1/openapi.json': 'describe-api',
  'PUT /v1/images': 'no-such-route',
}
/** What HTTP itself describes. */
const UNDESCRIBED_HEADERS = [
  'content-type',
  'cache-control',
  'content-security-policy',
  'referrer-policy',
  'strict-transport-security',
  'x-content-type-options',
]

/** Sends a request and checks that the document describes the answer: status, media type, headers, problem. */
async function expectDescribed(route: string, request: TestRequest = {}): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ')
  const { handler } = await import(`../routes/${ROUTES[route]}.ts`)
  const sent = {
    app: 'web-app-1',
    method: method as 'GET',
    path: path.replace('{id}', request.id ?? ''),
    ...request,
  }
  const answer = await send(handler, sent)
  const described = operation(method === 'PUT' ? 'GET' : method, path).responses[answer.status]
  expect([route, answer.status, described]).toEqual([route, answer.status, expect.anything()])
  const names = Object.keys(answer.headers).filter((name) => !UNDESCRIBED_HEADERS.includes(name))
  const known = Object.keys(described?.headers ?? {}).map((name) => name.toLowerCase())
  expect([route, known]).toEqual([route, expect.arrayContaining(names)])
  if (answer.body === undefined) return answer
  const mediaType = String(answer.headers['content-type'])
  expect(Object.keys(described?.content ?? {})).toEqual([mediaType])
  if (answer.status >= 400) {
    const slugs = Object.keys(described?.content?.[mediaType]?.examples ?? {}) as ProblemSlug[]
    expect(slugs).toContain(answer.body.type.split(':').at(-1))
  }
  return answer
}

const bytesOf = (body: Uint8Array, key?: string): TestRequest => ({
  body,
  headers: { 'content-type': 'image/jpeg', ...(key && { 'idempotency-key': key }) },
})

test('the examples of request bodies are accepted', async () => {
  const exampleOf = (path: string) =>
    operation('POST', path).requestBody?.content['application/json']?.example ?? {}
  for (const [path, status] of [
    ['/v1/images', 202],
    ['/v1/uploads', 201],
  ] as const) {
    const headers = { 'content-type': 'application/json' }
    const answer = await expectDescribed(`POST ${path}`, { json: exampleOf(path), headers })
    expect(answer.status).toBe(status)
  }
})

test('the document describes the answers of uploads', async () => {
  const key = newImageId()
  const first = await expectDescribed('POST /v1/images', bytesOf(jpeg, key))
  const again = await expectDescribed('POST /v1/images', bytesOf(jpeg, key))
  expect([first.status, again.status, again.headers['idempotency-replayed']]).toEqual([202, 202, 'true'])
  const refused: [TestRequest, number][] = [
    [bytesOf(otherJpeg, key), 422],
    [bytesOf(jpeg, newImageId(new Date(0))), 400],
    [{ ...bytesOf(jpeg), headers: { 'content-encoding': 'gzip' } }, 415],
    [{ ...bytesOf(jpeg), app: '' }, 401],
    [{ ...bytesOf(jpeg), query: { colour: 'red' } }, 400],
    [bytesOf(Buffer.alloc(0)), 400],
  ]
  for (const [request, status] of refused) {
    expect((await expectDescribed('POST /v1/images', request)).status).toBe(status)
  }
})

test('the document describes the answers of status, list and erasure', async () => {
  const imageId = newImageId()
  await store.putDocument(processedDocument({ app: 'web-app-1', imageId }))
  const found = await expectDescribed('GET /v1/images/{id}', { id: imageId, headers: { prefer: 'wait=1' } })
  const tag = String(found.headers.etag)
  const unchanged = await expectDescribed('GET /v1/images/{id}', {
    id: imageId,
    headers: { 'if-none-match': tag },
  })
  const unknown = await expectDescribed('GET /v1/images/{id}', { id: newImageId() })
  const expired = await expectDescribed('GET /v1/images/{id}', {
    id: newImageId(new Date(0)),
    app: 'fleeting',
  })
  const listed = await expectDescribed('GET /v1/images')
  const selected = await expectDescribed('GET /v1/images', {
    query: { ids: imageId },
    headers: { prefer: 'wait=1' },
  })
  const erased = await expectDescribed('DELETE /v1/images/{id}', { id: imageId })
  const statuses = [found, unchanged, unknown, expired, listed, selected, erased].map(({ status }) => status)
  expect(statuses).toEqual([200, 304, 404, 410, 200, 200, 200])
})

test('the document describes the answers of direct uploads, of the service and of other methods', async () => {
  const json = { bytes: jpeg.length, contentType: 'image/jpeg', multipart: true }
  const upload = await expectDescribed('POST /v1/uploads', { json })
  const sign = { method: 'GET', key: upload.body.key, uploadId: 'x' }
  const signed = await expectDescribed('POST /v1/uploads/sign', { json: sign })
  const incomplete = await expectDescribed('POST /v1/uploads/{id}/complete', { id: upload.body.id })
  const health = await expectDescribed('GET /v1/health', {})
  const ready = await expectDescribed('GET /v1/ready', {})
  const document = await expectDescribed('GET /v1/openapi.json', {})
  const wrongMethod = await expectDescribed('PUT /v1/images')
  const statuses = [upload, signed, incomplete, health, ready, document, wrongMethod].map(
    ({ status }) => status,
  )
  expect(statuses).toEqual([201, 200, 404, 200, 200, 200, 405])
  expect(wrongMethod.headers.allow).toBe('GET, HEAD, POST')
})
