import { type AppId, Attributes, deriveImageId, Filename, ProblemError } from '@darkroom/core'
import type { Arrival } from '@darkroom/intake'
import type { MSKRecord } from 'aws-lambda'
import * as z from 'zod'

/**
 * Reads an image out of a Kafka record as Lambda hands it over (value in base64, headers as arrays of byte
 * values). A record with `ce_*` headers is a CloudEvent in binary content mode (CloudEvents Kafka protocol
 * binding 1.0, section 3.2); one without is taken as the image's bare bytes, identified by its place in the
 * topic.
 *
 * @throws ProblemError `malformed-request`, `empty-body`
 */
export function readRecord(record: MSKRecord, appOfTopic: Record<string, AppId>): Arrival {
  const { topic, partition, offset } = record
  const app = appOfTopic[topic]
  if (!app) throw new ProblemError('malformed-request', `No app is configured for the topic ${topic}.`)
  if (!record.value) throw new ProblemError('empty-body', 'The record has no value.')
  const headers = readHeaders(record)
  return {
    app,
    imageId: deriveImageId({ app, ...identityOf(record, headers) }),
    bytes: Buffer.from(record.value, 'base64'),
    declaredType: headers['content-type'],
    origin: { kind: 'kafka', topic, partition, offset },
    filename: Filename.safeParse(headers.ce_filename).data,
    attributes: readAttributes(headers.ce_attributes),
    traceparent: headers.traceparent,
  }
}

const CloudEventHeaders = z.object({
  ce_specversion: z.literal('1.0'),
  ce_type: z.literal('image.submitted.v1'),
  ce_id: z.string().min(1),
  ce_source: z.string().min(1),
  ce_time: z.iso.datetime({ offset: true }).optional(),
})

function identityOf({ topic, partition, offset, timestamp }: MSKRecord, headers: Record<string, string>) {
  if (!Object.keys(headers).some((name) => name.startsWith('ce_'))) {
    return { time: new Date(timestamp), source: `kafka:${topic}`, id: `${partition}-${offset}` }
  }
  const event = CloudEventHeaders.safeParse(headers)
  if (!event.success) throw new ProblemError('malformed-request', z.prettifyError(event.error))
  const { ce_time, ce_source, ce_id } = event.data
  return { time: new Date(ce_time ?? timestamp), source: ce_source, id: ce_id }
}

function readHeaders({ headers }: MSKRecord): Record<string, string> {
  const entries = headers.flatMap((header) => Object.entries(header))
  return Object.fromEntries(
    entries.map(([name, bytes]) => [name.toLowerCase(), Buffer.from(bytes).toString()]),
  )
}

function readAttributes(text: string | undefined): Attributes | undefined {
  if (text === undefined) return undefined
  try {
    return Attributes.parse(JSON.parse(text))
  } catch (cause) {
    throw new ProblemError(
      'malformed-request',
      'The header ce_attributes is not a JSON object of attributes.',
      { cause },
    )
  }
}
