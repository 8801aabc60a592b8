import { Health, Problem } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { openApiDocument } from '../http/openapi-document.ts'
import { send } from '../testing/send.ts'
import { setEnvironment } from '../testing/set-environment.ts'

setEnvironment()
const { handler: health } = await import('./health.ts')
const { handler: describeApi } = await import('./describe-api.ts')
const { handler: noSuchRoute } = await import('./no-such-route.ts')

test('health needs no credential', async () => {
  const { status, body } = await send(health, { path: '/v1/health' })
  expect([status, Health.strict().parse(body)]).toEqual([
    200,
    { status: 'ok', service: 'upload-api', stage: 'test' },
  ])
})

test('the OpenAPI document needs no credential and may be cached', async () => {
  const { status, headers, body } = await send(describeApi, { path: '/v1/openapi.json' })
  expect([status, headers]).toMatchObject([
    200,
    { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
  ])
  expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument())))
})

test.each([
  ['PUT', '/v1/images', 'GET, HEAD, POST'],
  ['PATCH', '/v1/images/01A2094F-CAD5-753E-9479-847D3A29375D', 'GET, HEAD, DELETE'],
  ['POST', '/v1/images/x', 'GET, HEAD, DELETE'],
  ['GET', '/v1/uploads', 'POST'],
  ['HEAD', '/v1/uploads/sign', 'POST'],
  ['GET', '/v1/uploads/x/complete', 'POST'],
  ['POST', '/v1/health', 'GET, HEAD'],
  ['POST', '/v1/ready', 'GET, HEAD'],
  ['DELETE', '/v1/openapi.json', 'GET, HEAD'],
] as const)('%s %s is 405 with the methods that the path has', async (method, path, allow) => {
  const { status, headers, body } = await send(noSuchRoute, { method, path, query: { x: '1' } })
  expect([status, headers.allow, headers['content-type']]).toEqual([405, allow, 'application/problem+json'])
  expect(Problem.strict().parse(body)).toMatchObject({
    type: 'urn:problem-type:darkroom:method-not-allowed',
    detail: `${path} does not allow ${method}, only ${allow}.`,
  })
})

test.each(['/v1/images/', '/v1/images/a/b', '/v1/openapiXjson', '/v1', '/', '/v1/uploads//complete'])(
  '%s is no path of the API',
  async (path) => {
    expect((await send(noSuchRoute, { method: 'POST', path })).status).toBe(404)
  },
)

test('an unknown path gets a 404 like any other problem', async () => {
  const { status, headers, body } = await send(noSuchRoute, { method: 'POST', path: '/v1/image' })
  expect([status, headers['content-type']]).toEqual([404, 'application/problem+json'])
  expect(Problem.strict().parse(body)).toMatchObject({
    type: 'urn:problem-type:darkroom:not-found',
    instance: '/v1/image',
    detail: expect.stringMatching(/POST \/v1\/image.*openapi\.json/),
  })
})
