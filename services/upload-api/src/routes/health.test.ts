import { Health } from '@darkroom/core'
import { readRetention, toEnvironment } from '@darkroom/retention'
import { expect, test } from '@jest/globals'
import { send } from '../testing/send.ts'

Object.assign(process.env, {
  STAGE: 'test',
  BUCKET: 'darkroom-test',
  QUEUE_URL: 'http://127.0.0.1/queue',
  DEDUPLICATED_APPS: '',
  RETENTION: toEnvironment(readRetention()),
  API_KEY_HASHES: '{}',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
})

test('health needs no credential', async () => {
  const { handler } = await import('./health.ts')
  const { status, body } = await send(handler, { path: '/v1/health' })
  expect([status, Health.strict().parse(body)]).toEqual([
    200,
    { status: 'ok', service: 'upload-api', stage: 'test' },
  ])
})
