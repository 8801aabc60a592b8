import { readFile } from 'node:fs/promises'
import type { MSKRecord, SelfManagedKafkaEvent } from 'aws-lambda'
import type { KafkaMessage } from 'cloudevents'

export const TOPIC = 'images.web-app-2'

/** An hour ago, in milliseconds as in Kafka: a plausible time. */
export const TIMESTAMP = Date.now() - 3_600_000

/** Its date. */
export const DATE = new Date(TIMESTAMP).toISOString().slice(0, 10)

/** The headers of a CloudEvent in binary content mode. */
export const CLOUD_EVENT = {
  ce_specversion: '1.0',
  ce_id: 'upload-1',
  ce_source: '/web-app-2',
  ce_type: 'image.submitted.v1',
  ce_time: new Date(TIMESTAMP).toISOString(),
  'content-type': 'image/jpeg',
}

export interface RecordParts extends Partial<Omit<MSKRecord, 'value' | 'headers'>> {
  value?: Uint8Array | undefined
  headers?: Record<string, string>
}

/** A Kafka record as Lambda delivers it. A tombstone has no value. */
export function kafkaRecord({ value, headers = {}, ...more }: RecordParts): MSKRecord {
  const record = {
    topic: TOPIC,
    partition: 0,
    offset: 15,
    timestamp: TIMESTAMP,
    timestampType: 'CREATE_TIME' as const,
    key: '',
    ...(value && { value: Buffer.from(value).toString('base64') }),
    headers: Object.entries(headers).map(([name, text]) => ({ [name]: [...Buffer.from(text)] })),
    ...more,
  }
  return record as MSKRecord
}

/** The same event as CLOUD_EVENT for the CloudEvents SDK, without time and data. */
export const SDK_EVENT = { id: 'upload-1', source: '/web-app-2', type: 'image.submitted.v1' }

/** A message from the CloudEvents SDK, as a record. */
export function fromSdk({ headers, value }: KafkaMessage): MSKRecord {
  const texts = Object.entries(headers).filter(([, text]) => text !== undefined) as [string, string][]
  return kafkaRecord({ headers: Object.fromEntries(texts), value: Buffer.from(value as string | Uint8Array) })
}

export function kafkaEvent(...records: MSKRecord[]): SelfManagedKafkaEvent {
  return {
    eventSource: 'SelfManagedKafka',
    bootstrapServers: 'kafka.example.com:9096',
    records: Object.groupBy(records, ({ topic, partition }) => `${topic}-${partition}`) as Record<
      string,
      MSKRecord[]
    >,
  }
}

export function photograph(): Promise<Buffer> {
  return readFile(new URL('../../../node_modules/jpeg-exif/test/IMG_0003.JPG', import.meta.url))
}

/** The photograph with bytes after its end, which decoders ignore: the same picture in different originals. */
export async function photographNumber(number: number): Promise<Buffer> {
  return Buffer.concat([await photograph(), Buffer.from(`trailer ${number}`)])
}

/** An image of a few bytes, 1 × 1. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

/** For tests with many images. */
export function tinyImage(number: number): Buffer {
  return Buffer.concat([GIF, Buffer.from(`trailer ${number}`)])
}

/** An image of a few bytes that claims far too many pixels. */
export function bomb(): Buffer {
  const bytes = Buffer.from(GIF)
  bytes.writeUInt16LE(0xffff, 6)
  bytes.writeUInt16LE(0xffff, 8)
  return bytes
}

/** A record of an event in binary content mode. */
export function cloudEvent(
  id: string,
  value: Uint8Array | undefined,
  more: Partial<MSKRecord> = {},
): MSKRecord {
  const { 'content-type': _, ...headers } = CLOUD_EVENT
  return { ...kafkaRecord({ value, headers: { ...headers, ce_id: id } }), ...more }
}

/** A record of an event in structured content mode; `event` has the differences from CLOUD_EVENT. */
export function structuredEvent(event: Record<string, unknown>, more: Partial<MSKRecord> = {}): MSKRecord {
  const value = Buffer.from(
    JSON.stringify({ specversion: '1.0', ...SDK_EVENT, time: CLOUD_EVENT.ce_time, ...event }),
  )
  const headers = { 'content-type': 'application/cloudevents+json' }
  return { ...kafkaRecord({ value, headers }), ...more }
}
