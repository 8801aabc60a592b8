import { isAscii } from 'node:buffer'
import {
  decodeBase64,
  Filename,
  ProblemError,
  parseOrRefuse,
  readAttributes,
  Text,
  Uploader,
} from '@darkroom/core'
import * as z from 'zod'
import type { Content, ReadEvent } from './submission.ts'

/** A time that cannot be read is no reason to refuse an image: it becomes an invalid date, which is never plausible. */
export const EventTime = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .catch(() => new Date(Number.NaN))
  .optional()

/**
 * With an image or a claim check. `datacontenttype` is the image's media type only with an image; with a claim check it
 * is that of the JSON.
 *
 *     { "specversion": "1.0", "type": "image.submitted.v1", "source": "/web-app-2", "id": "upload-1",
 *       "time": "2026-11-23T10:00:00.123Z", "datacontenttype": "image/jpeg",
 *       "filename": "IMG_0001.JPG", "attributes": { "album": "summer" }, "uploader": "user-4711",
 *       "data_base64": "/9j/4AAQ…" }
 *     { …, "data": { "ref": "s3://darkroom/claims/web-app-2/IMG_0001.JPG" } }
 */
const StructuredEvent = z.looseObject({
  specversion: z.literal('1.0'),
  type: z.literal('image.submitted.v1'),
  id: z.string().min(1),
  source: z.string().min(1),
  time: EventTime,
  filename: z.unknown().optional(),
  attributes: z.unknown().optional(),
  uploader: z.unknown().optional(),
  traceparent: z.string().optional().catch(undefined),
})

/** The members that are read after the event is identified. */
const EventContent = z.object({
  datacontenttype: z.string().optional(),
  data_base64: z.string().optional(),
  data: z.unknown().optional(),
})

const ClaimCheck = z.object({ ref: z.string() })

/**
 * Identifies the image of a CloudEvent in JSON (JSON event format 1.0.2, section 3). Its content is read on demand.
 * `timestamp` is used for an event without a time.
 *
 * @throws ProblemError `malformed-request`
 */
export function identifyStructuredEvent(value: Buffer, timestamp: number): ReadEvent {
  const event = parseOrRefuse(StructuredEvent, withoutNulls(readJson(value)), 'event')
  const { time, source, id, filename, attributes, uploader, traceparent } = event
  return {
    identity: { time: time ?? new Date(timestamp), source, id },
    filename: Filename.safeParse(filename).data,
    traceparent,
    readUploader: () => parseOrRefuse(Uploader.optional(), uploader, 'event.uploader'),
    readContent: () => readContent(event),
    readAttributes: () => {
      if (typeof filename === 'string') parseOrRefuse(Text, filename, 'event.filename')
      return attributes === undefined ? undefined : readAttributes(attributes, 'event.attributes')
    },
  }
}

function readJson(value: Buffer): unknown {
  try {
    return JSON.parse(textOf(value))
  } catch (cause) {
    throw new ProblemError('malformed-request', 'The event is not valid JSON in UTF-8.', { cause })
  }
}

/** An event is mostly base64 and usually ASCII, which decodes in a quarter of the time. */
function textOf(value: Buffer): string {
  return isAscii(value) ? value.toString('latin1') : new TextDecoder('utf-8', { fatal: true }).decode(value)
}

/** Null means absent (JSON event format, section 2.2). */
function withoutNulls(event: unknown): unknown {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return event
  return Object.fromEntries(Object.entries(event).filter(([, member]) => member !== null))
}

function readContent(event: unknown): Content {
  const { data_base64, data, datacontenttype } = parseOrRefuse(EventContent, event, 'event')
  if (data_base64 !== undefined && data !== undefined) {
    throw new ProblemError(
      'malformed-request',
      'The event has both data and data_base64. Send only one of them.',
    )
  }
  if (data_base64 !== undefined) return { bytes: bytesOf(data_base64), declaredType: datacontenttype }
  const claim = ClaimCheck.safeParse(data)
  if (claim.success) return { ref: claim.data.ref }
  throw new ProblemError(
    'malformed-request',
    'The event contains no image. Put the image in data_base64, or its s3:// URI in data.ref.',
  )
}

function bytesOf(base64: string): Uint8Array {
  const bytes = decodeBase64(base64, 'event.data_base64')
  if (bytes.length === 0) throw new ProblemError('empty-body', 'event.data_base64 is empty.')
  return bytes
}
