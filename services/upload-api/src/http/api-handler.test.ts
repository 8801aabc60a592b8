import { Problem } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import { send, type TestRequest } from '../testing/send.ts'
import { setEnvironment } from '../testing/set-environment.ts'

setEnvironment()
const routes = [
  'upload-image',
  'list-images',
  'get-image',
  'erase-image',
  'create-upload',
  'sign-upload',
  'complete-upload',
]
const handlerOf = async (route: string) => (await import(`../routes/${route}.ts`)).handler
const app = 'web-app-1'
const json = (contentType?: string): TestRequest => ({
  method: 'POST',
  app,
  ...(contentType !== undefined && { headers: { 'content-type': contentType } }),
  // As the gateway does it: bytes that are not declared as text are in base64.
  body: Buffer.from('{}'),
})

describe('a query parameter that a route does not know', () => {
  test.each([...routes, 'health', 'describe-api'])('is refused by %s', async (route) => {
    const { status, body } = await send(await handlerOf(route), { app, query: { colour: 'red' }, id: 'x' })
    expect([status, Problem.strict().parse(body)]).toMatchObject([
      400,
      { type: 'urn:problem-type:darkroom:malformed-request', detail: expect.stringContaining('colour') },
    ])
  })

  test.each(routes)('is no reason to answer %s before the credential is checked', async (route) => {
    expect((await send(await handlerOf(route), { query: { colour: 'red' }, id: 'x' })).status).toBe(401)
  })

  test('is named with those that the route takes', async () => {
    const { body } = await send(await handlerOf('upload-image'), { app, query: { fliename: 'x' } })
    expect(body.detail).toBe(
      'The query parameter "fliename" is unknown: this route takes filename, uploader. Remove it.',
    )
  })
})

test.each([...routes, 'health', 'no-such-route'])(
  'a browser takes no answer of %s for a page, and asks over TLS only',
  async (route) => {
    const { headers } = await send(await handlerOf(route), { app, id: 'x' })
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
    })
  },
)

test.each(['filename=%FF', 'filename=%ED%A0%80', 'filename=50%', 'limit=1&cursor=%zz'])(
  'a query that is no UTF-8 is refused by every route: %s',
  async (rawQuery) => {
    for (const route of routes) {
      const query = Object.fromEntries(new URLSearchParams(rawQuery))
      const { status, body } = await send(await handlerOf(route), { app, query, rawQuery, id: 'x' })
      expect([status, body.detail]).toEqual([400, expect.stringContaining('query is invalid')])
    }
  },
)

test.each(routes)('a query parameter that occurs twice is refused by %s, and not joined', async (route) => {
  // As the gateway does it.
  const request = { app, id: 'x', query: { ids: 'a,b' }, rawQuery: 'ids=a&id%73=b' }
  const { status, body } = await send(await handlerOf(route), request)
  expect([status, body.detail]).toEqual([
    400,
    'The query parameter "ids" occurs more than once. Send it once.',
  ])
})

test.each(['\ud83d', '', 'x'.repeat(1025)])(
  'an upload id that cannot be in a URL is refused: %j',
  async (uploadId) => {
    const request = { method: 'POST', app, json: { method: 'GET', key: 'uploads/x', uploadId } } as const
    const { status, body } = await send(await handlerOf('sign-upload'), {
      ...request,
      headers: { 'content-type': 'application/json' },
    })
    expect([status, body.detail]).toEqual([400, expect.stringMatching(/^body\.uploadId [^.]+\.$/)])
  },
)

test('an id that is none is refused in one sentence', async () => {
  const { body } = await send(await handlerOf('list-images'), { app, query: { ids: 'x' } })
  expect(body.detail).toBe('query.ids.0 must be a UUIDv7 in lower case.')
})

describe.each(['create-upload', 'sign-upload'])('%s', (route) => {
  test.each([
    'application/json',
    'Application/JSON',
    'application/json ; charset=utf-8',
    'application/x+json',
    '',
    undefined,
  ])('reads a body of type %j as JSON', async (contentType) => {
    const { status, body } = await send(await handlerOf(route), json(contentType))
    expect([status, body.detail]).toEqual([400, expect.stringMatching(/^body\.(bytes|method)/)])
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'json', 'x/y+json'])(
    'refuses a body of type %j, and says what it takes',
    async (contentType) => {
      const { status, body } = await send(await handlerOf(route), json(contentType))
      expect([status, body.detail]).toEqual([415, expect.stringContaining('application/json')])
    },
  )
})

test.each(['Application/JSON ; charset=utf-8', 'application/vnd.x+json;v=1'])(
  'an image may come as %j',
  async (contentType) => {
    const { status, body } = await send(await handlerOf('upload-image'), json(contentType))
    expect([status, body.detail]).toEqual([400, expect.stringMatching(/^body\.data/)])
  },
)
