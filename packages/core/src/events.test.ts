import { describe, expect, test } from '@jest/globals'
import type * as z from 'zod'
import { UploadAccepted } from './api.ts'
import { UploadRequest } from './api-requests.ts'
import { AppId } from './app-id.ts'
import { Attributes } from './attributes.ts'
import { ImageAccepted, readImageAccepted } from './events.ts'
import { Filename } from './filename.ts'
import { ImageId } from './image-id.ts'
import { ImageType, Sha256 } from './image-types.ts'
import { DatePartition } from './keys.ts'
import { Origin } from './origin.ts'

const imageId = '01a207d9-2100-7000-8000-0a1b2c3d4e5f'
const sha256 = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c'
const acceptedAt = '2026-11-23T10:00:00.000Z'
const accepted = {
  specversion: '1.0',
  type: 'image.accepted.v1',
  source: '/darkroom/upload-api',
  id: imageId,
  subject: imageId,
  time: acceptedAt,
  datacontenttype: 'application/json',
  data: {
    app: 'web-app-1',
    imageId,
    s3Uri: `s3://darkroom/input/web-app-1/2026-11-23/${imageId}`,
    contentType: 'image/jpeg',
    bytes: 733428,
    sha256,
    acceptedAt,
    origin: { kind: 'http' },
    filename: 'IMG_0001.JPG',
    attributes: {},
  },
}
const kafka = { kind: 'kafka', topic: 'images', partition: 0, offset: 0 }
describe('a schema accepts its own example', () => {
  test.each<[string, z.ZodType, unknown]>([
    ['ImageAccepted', ImageAccepted, accepted],
    ['UploadRequest', UploadRequest, { data: '/9j/', filename: 'a.jpg', attributes: { k: 'v' } }],
    [
      'UploadAccepted',
      UploadAccepted,
      {
        id: imageId,
        status: 'queued',
        acceptedAt,
        contentType: 'image/jpeg',
        bytes: 733428,
        sha256,
        links: { self: `/v1/images/${imageId}` },
      },
    ],
    ['Attributes', Attributes, { album: 'summer-2026', user: 'u-1729' }],
    ['Origin over HTTP', Origin, { kind: 'http' }],
    ['Origin over Kafka', Origin, { kind: 'kafka', topic: 'images.web-app-2', partition: 0, offset: 15 }],
  ])('%s', (_name, schema, example) => expect(schema.parse(example)).toEqual(example))

  test.each<[string, z.ZodType]>([
    ['AppId', AppId],
    ['Attributes', Attributes],
    ['DatePartition', DatePartition],
    ['Filename', Filename],
    ['ImageId', ImageId],
    ['ImageType', ImageType],
    ['Sha256', Sha256],
  ])('%s, as published in the OpenAPI description', (_name, schema) => {
    const { example } = schema.meta() ?? {}
    expect(example).toBeDefined()
    expect(schema.parse(example)).toEqual(example)
  })
})

describe('an accepted image is refused', () => {
  test.each<[string, object]>([
    ['of another version of CloudEvents', { specversion: '0.3' }],
    ['of another type', { type: 'image.accepted.v2' }],
    ['with a time that is none', { time: 'yesterday' }],
    ['with a subject that is no image id', { subject: 'x' }],
    ['that is stored elsewhere', { data: { ...accepted.data, s3Uri: 'https://example.com/x' } }],
    ['of no bytes', { data: { ...accepted.data, bytes: 0 } }],
    ['of another content type', { data: { ...accepted.data, contentType: 'image/tiff' } }],
    ['with an app that could leave its prefix', { data: { ...accepted.data, app: '../other' } }],
    [
      'from a topic that Kafka does not allow',
      { data: { ...accepted.data, origin: { ...kafka, topic: 'a:b' } } },
    ],
  ])('%s', (_what, change) => {
    expect(ImageAccepted.safeParse({ ...accepted, ...change }).success).toBe(false)
  })
})

describe('the message of an accepted image is read', () => {
  const read = (message: object) => readImageAccepted(JSON.stringify(message), 'darkroom')
  const withData = (change: object) => ({ ...accepted, data: { ...accepted.data, ...change } })

  test('as it was written', () => {
    expect(read(accepted)).toEqual({ message: accepted })
    const overKafka = withData({ origin: kafka, redevelop: { preset: 'default' } })
    expect(read(overKafka)).toEqual({ message: overKafka })
  })

  test('with the values of a later version, without the fields that are unknown', () => {
    const later = withData({
      contentType: 'image/jxl',
      origin: { kind: 'sftp' },
      attributes: { 'A key': 'x'.repeat(300) },
      filename: 'a/b',
    })
    const message = { ...later, specversion: '1.1' }
    expect(read({ ...message, tenant: 'x', data: { ...later.data, priority: 1 } })).toEqual({ message })
  })

  test.each<[string, object, RegExp]>([
    ['of another type', { ...accepted, type: 'image.accepted.v2' }, /^type: /],
    ['with an app that could leave its prefix', withData({ app: '../other' }), /^data: app: /],
    ['of no image', withData({ imageId: 'x' }), /^data: imageId: /],
    ['that is stored elsewhere', withData({ s3Uri: 'https://example.com/x' }), /^data: s3Uri: /],
    ['with a size that is text', withData({ bytes: '7' }), /^data: bytes: /],
    ['with a time that is none', withData({ acceptedAt: 'yesterday' }), /^data: acceptedAt: /],
    ['that is a list', [accepted], /object/],
  ])('but not one %s', (_what, message, reason) => {
    expect(read(message)).toEqual({ unreadable: expect.stringMatching(reason) })
  })

  const key = `input/web-app-1/2026-11-23/${imageId}`
  const other = '01a207d9-2100-7000-8000-ffffffffffff'
  test.each<[string, object, string]>([
    ['another image as its subject', { ...accepted, subject: other }, 'subject: it is not data.imageId'],
    ...[
      ["another app's original", `s3://darkroom/input/web-app-2/2026-11-23/${imageId}`],
      ["another image's original", `s3://darkroom/input/web-app-1/2026-11-23/${other}`],
      ['an original in another bucket', `s3://elsewhere/${key}`],
      ['the original under another date', `s3://darkroom/input/web-app-1/2026-11-24/${imageId}`],
      ["the image's upload", `s3://darkroom/uploads/web-app-1/2026-11-23/${imageId}/7`],
      ['what only begins like the original', `s3://darkroom/${key}/../x`],
    ].map(([what, s3Uri]): [string, object, string] => [
      String(what),
      withData({ s3Uri }),
      "data: s3Uri: it is not this image's original in this bucket",
    ]),
  ])('refused: a message that names %s', (_what, message, unreadable) => {
    expect(read(message)).toEqual({ unreadable })
  })

  test('and what is not JSON is unreadable', () => {
    expect(readImageAccepted('', 'darkroom').unreadable).toBe('it is not JSON')
  })
})
