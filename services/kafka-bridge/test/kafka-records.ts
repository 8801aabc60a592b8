import { readFile } from 'node:fs/promises'
import type { MSKRecord, SelfManagedKafkaEvent } from 'aws-lambda'
import type { KafkaMessage } from 'cloudevents'

export const TOPIC = 'images.web-app-2'

/** 2026-11-23T10:00:00Z, in milliseconds as Kafka keeps it. */
export const TIMESTAMP = Date.UTC(2026, 10, 23, 10)

/** The headers of a CloudEvent in binary content mode. */
export const CLOUD_EVENT = {
  ce_specversion: '1.0',
  ce_id: 'upload-1',
  ce_source: '/web-app-2',
  ce_type: 'image.submitted.v1',
  ce_time: '2026-11-23T10:00:00.123Z',
  'content-type': 'image/jpeg',
}

export interface RecordParts extends Partial<Omit<MSKRecord, 'value' | 'headers'>> {
  value?: Uint8Array | undefined
  headers?: Record<string, string>
}

/** A Kafka record as Lambda hands it over; a tombstone has no value at all. */
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

/** The same event as CLOUD_EVENT for the CloudEvents SDK, but for its time and data. */
export const SDK_EVENT = { id: 'upload-1', source: '/web-app-2', type: 'image.submitted.v1' }

/** What the CloudEvents SDK would have a producer send, as a record. */
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

/** The photograph with bytes behind its end, which a decoder does not mind: one image, many originals. */
export async function photographNumber(number: number): Promise<Buffer> {
  return Buffer.concat([await photograph(), Buffer.from(`trailer ${number}`)])
}
