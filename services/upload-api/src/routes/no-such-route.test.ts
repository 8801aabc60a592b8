import { Problem } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { send } from '../testing/send.ts'

process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
const { handler } = await import('./no-such-route.ts')

test('a path or method that leads nowhere is told so in the same shape as any other problem', async () => {
  const { status, headers, body } = await send(handler, { method: 'POST', path: '/v1/image' })
  expect([status, headers['content-type']]).toEqual([404, 'application/problem+json'])
  expect(Problem.strict().parse(body)).toMatchObject({
    type: 'urn:problem-type:darkroom:not-found',
    instance: '/v1/image',
    detail: expect.stringMatching(/POST \/v1\/image.*openapi\.json/),
  })
})
