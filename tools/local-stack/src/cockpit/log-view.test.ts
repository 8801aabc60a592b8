import { stripVTControlCharacters } from 'node:util'
import { expect, test } from '@jest/globals'
import { createLogView } from './log-view.ts'

const ID = '01a2231e-793f-7515-9f92-2b488c80ebbd'

function open(isVerbose = false) {
  const written: string[] = []
  const view = createLogView((line) => {
    written.push(stripVTControlCharacters(line).replace(/^\d\d:\d\d:\d\d /, ''))
  }, isVerbose)
  const log = (service: string, entry: object) => {
    view.take(service, JSON.stringify({ level: 'INFO', timestamp: new Date(), service, ...entry }))
    return written.splice(0)
  }
  return { view, log }
}

const posted = {
  message: 'POST /v1/images 202',
  app: 'web-app-1',
  imageId: ID,
  status: 202,
  milliseconds: 126,
}
const processed = {
  message: 'image processed',
  app: 'web-app-1',
  imageId: ID,
  queuedMs: 89,
  processingMs: 698,
}

test('writes one line for an image over HTTP when it is processed', () => {
  const { view, log } = open()
  expect(log('upload-api', posted)).toEqual([])
  const [line = '', ...others] = log('image-processor', processed)
  expect(line).toBe('✔ web-app-1  HTTP   stored 126, queued 89, processed 698 ms  …80ebbd')
  expect(others).toEqual([])
  expect(line.length + '00:00:00 '.length).toBeLessThanOrEqual(80)
  expect(view.latestImage).toEqual({ app: 'web-app-1', id: ID })
})

test('names the app and the source of an image over Kafka', () => {
  const { log } = open()
  log('kafka-bridge', { message: 'record accepted', app: 'web-app-2', imageId: ID })
  expect(log('image-processor', { ...processed, app: 'web-app-2' })).toEqual([
    '✔ web-app-2  Kafka  queued 89, processed 698 ms  …80ebbd',
  ])
})

test.each<[string, string, object, string, string]>([
  [
    'a failed image',
    'image-processor',
    { ...processed, message: 'image failed', level: 'WARN', failure: 'corrupt-image' },
    'failed: corrupt-image',
    `pnpm darkroom status ${ID}`,
  ],
  [
    'a refused upload',
    'upload-api',
    { message: 'POST /v1/images 415', app: 'web-app-1', problem: 'type-mismatch', status: 415 },
    'refused: type-mismatch (415)',
    'The bytes do not match the declared type. The response says what to do.',
  ],
  [
    'a rejected record',
    'kafka-bridge',
    { message: 'record rejected', level: 'WARN', reason: 'too-large', detail: 'Use a claim check.' },
    'rejected: too-large',
    'Use a claim check.',
  ],
])('%s has its slug and what to do', (_, service, entry, what, advice) => {
  const { log } = open()
  const [line = '', ...others] = log(service, entry)
  expect([line.split('\n')[0], line.split('\n')[1]?.trim()]).toEqual([expect.stringContaining(`✘`), advice])
  expect(line).toContain(what)
  expect(others).toEqual([])
})

test('shows warnings and reloads, and hides requests and metrics unless all lines are asked for', () => {
  const { view, log } = open()
  const request = { message: 'GET /v1/health 200', status: 200 }
  expect(log('upload-api', request)).toEqual([])
  expect(log('upload-api', { level: 'WARN', message: 'slow' })).toEqual([expect.stringContaining('slow')])
  expect(log('upload-api', { message: 'reloaded after 9 ms: a.ts has changed' })).toHaveLength(1)
  expect(view.toggle()).toBe(true)
  expect(log('upload-api', request)).toEqual([expect.stringContaining('GET /v1/health 200')])
  log('upload-api', posted)
  expect(log('image-processor', processed)).toEqual([expect.stringContaining('image processed')])
  view.take('upload-api', '{"_aws":{},"service":"upload-api"}')
  expect(log('upload-api', request)).toHaveLength(1)
})
