import { expect, test } from '@jest/globals'
import { openApiDocument } from '../http/openapi-document.ts'
import { send } from '../testing/send.ts'

process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
const { handler } = await import('./describe-api.ts')

test('the OpenAPI document needs no credential and may be cached', async () => {
  const { status, headers, body } = await send(handler, { path: '/v1/openapi.json' })
  expect([status, headers]).toEqual([
    200,
    { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
  ])
  expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument())))
})
