import { describe, expect, test } from '@jest/globals'
import { eventMediaType, ImageRefused, readRefusal, userAgentOf } from './refusal-events.ts'

const event: ImageRefused = {
  specversion: '1.0',
  id: 'c9ac0c9c-3f1c-4b33-8b6f-4a3f7cb0a3a2',
  source: '/darkroom/upload-api',
  type: 'image.refused.v1',
  time: '2026-11-23T10:00:02.000Z',
  datacontenttype: 'application/json',
  data: { schema_version: 1, app: 'web-app-1', origin: 'http', refusal_type: 'corrupt-image', refusals: 2 },
}

describe('a message', () => {
  test('with refusals is read, whatever else it contains', () => {
    const later = { ...event, later: 1, data: { ...event.data, refusal_type: 'too-blue', later: { x: 1 } } }
    expect(ImageRefused.parse(event)).toEqual(event)
    expect(readRefusal(JSON.stringify(later))).toEqual({ refusal: later })
  })

  test.each(['{"Records":[]}', 'no JSON', ''])(
    'of another kind is neither refusals nor unreadable: %s',
    (body) => {
      expect(readRefusal(body)).toEqual({})
    },
  )

  test.each([
    { ...event, data: { ...event.data, refusals: 0 } },
    { ...event, id: '' },
  ])('that cannot be read says why', (damaged) => {
    expect(readRefusal(JSON.stringify(damaged))).toEqual({ unreadable: expect.any(String) })
  })
})

test.each([
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Chrome',
  ],
  ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0', 'Edge'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1',
    'Safari',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox'],
  ['Shop/12 CFNetwork/1568.200.51 Darwin/24.1.0', 'iOS app'],
  ['okhttp/5.1.0', 'Android app'],
  ['curl/8.5.0', 'curl'],
  ['Go-http-client/2.0', 'Go'],
  ['Java-http-client/21.0.2', 'Java'],
  ['node', 'Node.js'],
  ['python-requests/2.32.3', 'Python'],
  ["'; DROP TABLE images; --", 'other'],
  [undefined, 'other'],
])('%s is counted as %s', (header, expected) => {
  expect(userAgentOf(header)).toBe(expected)
})

const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'

test.each([
  ['image/jpeg', 'image/jpeg'],
  [DOCX, DOCX],
  ['image/<script>', undefined],
  [`image/${'x'.repeat(100)}`, undefined],
  ['passport.pdf', undefined],
  [undefined, undefined],
])('the media type %s becomes %s', (text, expected) => {
  expect(eventMediaType(text)).toBe(expected)
})
