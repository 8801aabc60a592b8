import { isUtf8 } from 'node:buffer'
import { type AppId, Filename, ProblemError, parseOrRefuse, readAttributes, Uploader } from '@darkroom/core'
import type { MSKRecord } from 'aws-lambda'
import * as z from 'zod'
import { EventTime, identifyStructuredEvent } from './identify-structured-event.ts'
import type { ReadEvent, SubmittedEvent } from './submission.ts'

/**
 * Identifies the image of a Kafka record as Lambda delivers it (value in base64, headers as arrays of byte values),
 * before anything else is read. The content type marks a CloudEvent in structured content mode, any `ce_*` header one
 * in binary content mode (CloudEvents Kafka protocol binding 1.0, sections 3.3 and 3.2). Otherwise the value is the
 * image's bytes, identified by their position in the topic.
 *
 * @throws ProblemError `malformed-request`, `empty-body` if the record does not identify an image
 */
export function identifyRecord(record: MSKRecord, appOfTopic: Record<string, AppId>): SubmittedEvent {
  const { topic, partition, offset } = record
  const app = appOfTopic[topic]
  if (!app) throw new ProblemError('malformed-request', `No app is configured for the topic ${topic}.`)
  const { identity, ...event } = identifyEvent(record)
  return {
    identity: { app, ...identity },
    origin: { kind: 'kafka', topic, partition, offset },
    ...event,
  }
}

/** Also matches other formats and batches, which are not supported. */
const STRUCTURED = /^application\/cloudevents\b/i
const STRUCTURED_JSON = /^application\/cloudevents\+json\s*(;|$)/i

function identifyEvent(record: MSKRecord): ReadEvent {
  const { headers, invalid } = readHeaders(record)
  const contentType = headers['content-type']?.trim() ?? ''
  if (STRUCTURED_JSON.test(contentType)) {
    return identifyStructuredEvent(requireValue(bytesOf(record)), record.timestamp)
  }
  if (STRUCTURED.test(contentType)) {
    throw new ProblemError('malformed-request', 'Send one event per record, as application/cloudevents+json.')
  }
  return identifyBytes(record, headers, (...names) => requireUtf8(invalid, names))
}

function identifyBytes(
  record: MSKRecord,
  headers: Record<string, string>,
  requireText: (...names: string[]) => void,
): ReadEvent {
  requireText(...Object.keys(CloudEventHeaders.shape))
  const {
    'content-type': declaredType,
    ce_filename,
    ce_attributes,
    ce_uploader,
    traceparent,
    ce_traceparent,
  } = headers
  const bytes = bytesOf(record)
  return {
    identity: identityOf(record, headers),
    bytes,
    filename: Filename.safeParse(ce_filename).data,
    traceparent: traceparent ?? ce_traceparent,
    readUploader: () => {
      requireText('ce_uploader')
      return parseOrRefuse(Uploader.optional(), ce_uploader, 'ce_uploader')
    },
    readContent: () => {
      requireText('content-type')
      return { bytes: requireValue(bytes), declaredType }
    },
    readAttributes: () => {
      requireText('ce_filename', 'ce_attributes')
      return ce_attributes === undefined ? undefined : readAttributes(ce_attributes, 'ce_attributes')
    },
  }
}

const CloudEventHeaders = z.object({
  ce_specversion: z.literal('1.0'),
  ce_type: z.literal('image.submitted.v1'),
  ce_id: z.string().min(1),
  ce_source: z.string().min(1),
  ce_time: EventTime,
})

function identityOf(
  { topic, partition, offset, timestamp }: MSKRecord,
  headers: Record<string, string>,
): ReadEvent['identity'] {
  if (!Object.keys(headers).some((name) => name.startsWith('ce_'))) {
    // The timestamp differs if the topic was deleted and created again.
    const id = `${partition}-${offset}-${timestamp}`
    return { time: new Date(timestamp), source: `kafka:${topic}`, id }
  }
  const { ce_time, ce_source, ce_id } = parseOrRefuse(CloudEventHeaders, headers, 'headers')
  return { time: ce_time ?? new Date(timestamp), source: ce_source, id: ce_id }
}

/** Names in lower case. `invalid`: those whose value is not UTF-8; they are no error unless the event needs them. */
function readHeaders({ headers }: MSKRecord): { headers: Record<string, string>; invalid: Set<string> } {
  const entries = headers
    .flatMap((header) => Object.entries(header))
    .map(([name, bytes]) => ({ name: name.toLowerCase(), value: Buffer.from(bytes ?? []) }))
  const { text = [], other = [] } = Object.groupBy(entries, ({ value }) => (isUtf8(value) ? 'text' : 'other'))
  return {
    headers: Object.fromEntries(text.map(({ name, value }) => [name, value.toString()])),
    invalid: new Set(other.map(({ name }) => name)),
  }
}

/** @throws ProblemError `malformed-request` */
function requireUtf8(invalid: Set<string>, names: string[]): void {
  const name = names.find((each) => invalid.has(each))
  if (name) throw new ProblemError('malformed-request', `${name}: is not valid UTF-8`)
}

/** A tombstone has no value. */
function bytesOf({ value }: MSKRecord): Buffer | undefined {
  return value ? Buffer.from(value, 'base64') : undefined
}

function requireValue(value: Buffer | undefined): Buffer {
  if (!value) throw new ProblemError('empty-body', 'The record has no value.')
  return value
}
