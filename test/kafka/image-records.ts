import { randomUUID } from 'node:crypto'
import { deriveImageId, type ImageId } from '@darkroom/core'
import { CloudEvent, Kafka } from 'cloudevents'
import { APP } from './bucket.ts'

export interface TopicRecord {
  key?: string
  /** By default chosen by the key. */
  partition?: number
  headers?: Record<string, string>
  /** Null is a tombstone. */
  value: Buffer | null
}

/** A record and its image's id. */
export interface ImageRecord extends TopicRecord {
  imageId: ImageId
}

const SOURCE = '/end-to-end'
const TYPE = 'image.submitted.v1'

function newEvent() {
  const id = randomUUID()
  const time = new Date()
  return { id, time: time.toISOString(), imageId: deriveImageId({ app: APP, time, source: SOURCE, id }) }
}

/** A CloudEvent in binary content mode. */
export function binaryRecord(value: Buffer): ImageRecord {
  const { id, time, imageId } = newEvent()
  const headers = { ce_specversion: '1.0', ce_type: TYPE, ce_source: SOURCE, ce_id: id, ce_time: time }
  return { imageId, key: id, headers, value }
}

/** A CloudEvent in structured content mode. */
export function structuredRecord(image: Buffer): ImageRecord {
  const { id, time, imageId } = newEvent()
  const event = {
    specversion: '1.0',
    type: TYPE,
    source: SOURCE,
    id,
    time,
    data_base64: image.toString('base64'),
  }
  const headers = { 'content-type': 'application/cloudevents+json' }
  return { imageId, key: id, headers, value: Buffer.from(JSON.stringify(event)) }
}

/** A record from the CloudEvents SDK, an independent implementation of the specification. */
export function sdkRecord(image: Buffer, mode: 'binary' | 'structured'): ImageRecord {
  const { id, time, imageId } = newEvent()
  const event = new CloudEvent({
    id,
    time,
    source: SOURCE,
    type: TYPE,
    ...(mode === 'binary' && { datacontenttype: 'image/png' }),
    data: image,
  })
  const { headers, value } = Kafka[mode](event)
  const texts = Object.entries(headers).filter(([, text]) => text !== undefined)
  return {
    imageId,
    key: id,
    headers: Object.fromEntries(texts) as Record<string, string>,
    value: Buffer.from(value as string | Uint8Array),
  }
}
