import { deriveImageId, ProblemError } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import { CLOUD_EVENT, kafkaRecord, type RecordParts, TIMESTAMP, TOPIC } from '../test/kafka-records.ts'
import { identifyRecord } from './identify-record.ts'
import { readSubmission } from './submission.ts'

const APPS = { [TOPIC]: 'web-app-2', 'images.other': 'other' }
const value = Buffer.from([0xff, 0xd8, 0xff, 0x00, 0x80])
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

/** With the id that the event's time decides. */
const read = async (parts: RecordParts) => {
  const { identity, ...event } = identifyRecord(kafkaRecord({ value, ...parts }), APPS)
  return readSubmission({ ...event, app: identity.app, imageId: deriveImageId(identity) })
}
const timeOfEvent = (parts: RecordParts) =>
  identifyRecord(kafkaRecord({ value, ...parts }), APPS).identity.time.getTime()
const readEvent = (headers: Record<string, string>, parts: RecordParts = {}) =>
  read({ headers: { ...CLOUD_EVENT, ...headers }, ...parts })

async function refusalOf(reading: () => Promise<unknown>): Promise<ProblemError> {
  try {
    await reading()
  } catch (error) {
    if (error instanceof ProblemError) return error
    throw error
  }
  throw new Error('the record was accepted')
}

describe('a CloudEvent in binary mode', () => {
  test('becomes an arrival with everything in its headers', async () => {
    const headers = {
      ce_filename: 'Straße 7.jpg',
      ce_attributes: '{"album":"sommer"}',
      ce_uploader: 'Zoë',
      traceparent: TRACEPARENT,
    }
    expect(await readEvent(headers, { partition: 3, offset: 42 })).toEqual({
      app: 'web-app-2',
      imageId: deriveImageId({
        app: 'web-app-2',
        time: new Date(CLOUD_EVENT.ce_time),
        source: '/web-app-2',
        id: 'upload-1',
      }),
      bytes: value,
      declaredType: 'image/jpeg',
      origin: { kind: 'kafka', topic: TOPIC, partition: 3, offset: 42 },
      filename: 'Straße 7.jpg',
      attributes: { album: 'sommer' },
      uploader: 'Zoë',
      traceparent: TRACEPARENT,
    })
  })

  test.each(['', 'x'.repeat(129)])('is refused for the uploader %j', async (ce_uploader) => {
    expect(await refusalOf(() => readEvent({ ce_uploader }))).toMatchObject({
      slug: 'malformed-request',
      detail: expect.stringContaining('ce_uploader'),
    })
  })

  test('that is no image is refused with its uploader', async () => {
    const refusal = await refusalOf(() => readEvent({ ce_uploader: 'Zoë' }, { value: undefined }))
    expect(refusal).toMatchObject({ slug: 'empty-body', image: { uploader: 'Zoë' } })
  })

  test('can have its trace as an extension attribute', async () => {
    expect((await readEvent({ ce_traceparent: TRACEPARENT })).traceparent).toBe(TRACEPARENT)
  })

  test('is the same image at any position, and another one for another event, source or app', async () => {
    const { imageId } = await readEvent({})
    expect((await readEvent({}, { partition: 7, offset: 99, timestamp: TIMESTAMP + 60_000 })).imageId).toBe(
      imageId,
    )
    const others = await Promise.all([
      readEvent({ ce_id: 'upload-2' }),
      readEvent({ ce_source: '/elsewhere' }),
      readEvent({}, { topic: 'images.other' }),
    ])
    expect(new Set([imageId, ...others.map((arrival) => arrival.imageId)]).size).toBe(4)
  })

  test.each([
    ['2026-11-23T01:30:00+02:00', Date.UTC(2026, 10, 22, 23, 30)],
    ['2026-11-23T01:30:00.123456789Z', Date.UTC(2026, 10, 23, 1, 30, 0, 123)],
    ['1969-12-31T23:59:59Z', -1000],
    ['2026-11-23T01:30:00', Number.NaN],
    ['yesterday', Number.NaN],
    ['0', Number.NaN],
    ['-1', Number.NaN],
    ['1795419000123456', Number.NaN],
    ['', Number.NaN],
  ])('can have the time %j', (ce_time, milliseconds) => {
    expect(timeOfEvent({ headers: { ...CLOUD_EVENT, ce_time } })).toBe(milliseconds)
  })

  test('without a time has that of its record', () => {
    const { ce_time: _, ...headers } = CLOUD_EVENT
    expect(timeOfEvent({ headers })).toBe(TIMESTAMP)
  })

  test('can have header names in any case', async () => {
    const shouted = Object.entries(CLOUD_EVENT).map(([name, text]) => [name.toUpperCase(), text])
    expect(await read({ headers: Object.fromEntries(shouted) })).toEqual(await readEvent({}))
  })

  test.each([
    ['specversion', { ce_specversion: '0.3' }],
    ['type', { ce_type: 'image.deleted.v1' }],
    ['id', { ce_id: '' }],
    ['source', { ce_source: '' }],
  ])('is refused for its %s, which the error names', async (name, headers) => {
    expect(await refusalOf(() => readEvent(headers))).toMatchObject({
      slug: 'malformed-request',
      detail: expect.stringContaining(`ce_${name}`),
    })
  })

  test.each(['ce_specversion', 'ce_type', 'ce_id', 'ce_source'])('is refused without %s', async (name) => {
    const headers = Object.fromEntries(Object.entries(CLOUD_EVENT).filter(([key]) => key !== name))
    expect(await refusalOf(() => read({ headers }))).toMatchObject({
      slug: 'malformed-request',
      detail: expect.stringContaining(name),
    })
  })

  test.each(['album=summer', '["summer"]', '{"Album":"summer"}', '{"album":7}', 'null'])(
    'is refused for the attributes %s',
    async (text) => {
      expect(await refusalOf(() => readEvent({ ce_attributes: text }))).toMatchObject({
        slug: 'malformed-request',
        detail: expect.stringContaining('ce_attributes'),
      })
    },
  )
})

describe('a CloudEvent in structured mode', () => {
  const CONTENT_TYPE = 'application/cloudevents+json'
  const EVENT = {
    specversion: '1.0',
    type: 'image.submitted.v1',
    id: 'upload-1',
    source: '/web-app-2',
    time: CLOUD_EVENT.ce_time,
    datacontenttype: 'image/jpeg',
    data_base64: value.toString('base64'),
  }
  const readText = (text: string | Uint8Array, contentType = CONTENT_TYPE) =>
    read({ value: Buffer.from(text as string), headers: { 'content-type': contentType } })
  const readStructured = (more: Record<string, unknown>) => readText(JSON.stringify({ ...EVENT, ...more }))
  const refused = async (reading: () => Promise<unknown>, detail: string) =>
    expect(await refusalOf(reading)).toMatchObject({
      slug: 'malformed-request',
      detail: expect.stringContaining(detail),
    })

  test.each([{ album: 'sommer' }, '{"album":"sommer"}'])(
    'becomes the same arrival as in binary mode, with the attributes %j',
    async (attributes) => {
      const more = { filename: 'Straße 7.jpg', uploader: 'Zoë', traceparent: TRACEPARENT }
      expect(await readStructured({ ...more, attributes })).toEqual(
        await readEvent({
          ce_filename: more.filename,
          ce_attributes: '{"album":"sommer"}',
          ce_uploader: 'Zoë',
          traceparent: TRACEPARENT,
        }),
      )
    },
  )

  test.each([`${CONTENT_TYPE}; charset=utf-8`, 'Application/CloudEvents+JSON ;x=y', ` ${CONTENT_TYPE}`])(
    'is recognized by %j',
    async (contentType) => {
      expect(await readText(JSON.stringify(EVENT), contentType)).toEqual(await readEvent({}))
    },
  )

  test.each([
    'application/cloudevents-batch+json',
    'application/cloudevents+avro',
    'application/cloudevents',
  ])('is not read as %s', (contentType) =>
    refused(() => readText(JSON.stringify(EVENT), contentType), 'cloudevents+json'),
  )

  test.each(['yesterday', 0, 1_795_419_000_123_456, { seconds: 7 }])('can have the time %j', (time) => {
    const event = Buffer.from(JSON.stringify({ ...EVENT, time }))
    expect(timeOfEvent({ value: event, headers: { 'content-type': CONTENT_TYPE } })).toBeNaN()
  })

  test('treats null as absent', async () => {
    expect(await readStructured({ filename: null, attributes: null, time: null, data: null })).toMatchObject({
      bytes: value,
      filename: undefined,
      attributes: undefined,
    })
  })

  test('can be a claim check, whose content type is not that of the image', async () => {
    const { data_base64: _, ...event } = EVENT
    const ref = 's3://bucket/claims/web-app-2/a.jpg'
    const claim = { ...event, datacontenttype: 'application/json', data: { ref }, uploader: 'Zoë' }
    const submission = await readText(JSON.stringify(claim))
    expect(submission).toMatchObject({ ref, uploader: 'Zoë', imageId: (await readEvent({})).imageId })
    expect(submission.declaredType).toBeUndefined()
    expect(submission).not.toHaveProperty('bytes')
  })

  test.each([
    ['{', 'not valid JSON'],
    [Uint8Array.of(0x22, 0xff, 0x22), 'not valid JSON in UTF-8'],
    ['[]', 'event must be an object'],
    ['null', 'event must be an object'],
  ])('is refused as %j', (text, detail) => refused(() => readText(text), detail))

  test.each([
    [{ specversion: '0.3' }, 'event.specversion'],
    [{ specversion: undefined }, 'event.specversion'],
    [{ type: 'image.deleted.v1' }, 'event.type'],
    [{ id: '' }, 'event.id'],
    [{ source: null }, 'event.source'],
    [{ attributes: '{' }, 'event.attributes'],
    [{ attributes: { Album: 'sommer' } }, 'event.attributes'],
    [{ attributes: ['sommer'] }, 'event.attributes'],
    [{ uploader: 4711 }, 'event.uploader'],
    [{ uploader: '\ud800' }, 'event.uploader'],
    [{ data_base64: undefined }, 'no image'],
    [{ data_base64: undefined, data: { url: 'https://example.com' } }, 'data.ref'],
    [{ data_base64: undefined, data: 's3://bucket/key' }, 'data.ref'],
    [{ data: { ref: 's3://bucket/key' } }, 'both'],
    [{ data_base64: '/9j/AI' }, 'not valid base64'],
    [{ data_base64: '/9j_AIA=' }, 'not valid base64'],
    [{ data_base64: '/9j/\nAIA=' }, 'not valid base64'],
    [{ data_base64: 'no image' }, 'not valid base64'],
    [{ data_base64: 7 }, 'event.data_base64'],
  ])('is refused with %j, with a text', (more, detail) => refused(() => readStructured(more), detail))

  test('is refused with no bytes', async () => {
    expect((await refusalOf(() => readStructured({ data_base64: '' }))).slug).toBe('empty-body')
  })
})

describe('bare bytes', () => {
  test('are identified by their position in the topic', async () => {
    const arrival = await read({ partition: 1, offset: 8 })
    expect(arrival).toEqual({
      app: 'web-app-2',
      imageId: deriveImageId({
        app: 'web-app-2',
        time: new Date(TIMESTAMP),
        source: `kafka:${TOPIC}`,
        id: `1-8-${TIMESTAMP}`,
      }),
      bytes: value,
      declaredType: undefined,
      origin: { kind: 'kafka', topic: TOPIC, partition: 1, offset: 8 },
      filename: undefined,
      attributes: undefined,
      traceparent: undefined,
    })
    const ids = [arrival, await read({ partition: 8, offset: 1 }), await read({ partition: 1, offset: 9 })]
    expect(new Set(ids.map(({ imageId }) => imageId)).size).toBe(3)
  })
})

test('a tombstone is refused', async () => {
  expect((await refusalOf(() => read({ value: undefined }))).slug).toBe('empty-body')
  expect((await refusalOf(() => read({ value: Buffer.of() }))).slug).toBe('empty-body')
})

test('a topic without an app is refused, whatever the record claims', async () => {
  expect(
    await refusalOf(() => readEvent({ ce_app: 'web-app-2' }, { topic: 'images.unknown' })),
  ).toMatchObject({
    slug: 'malformed-request',
    detail: expect.stringContaining('images.unknown'),
  })
})
