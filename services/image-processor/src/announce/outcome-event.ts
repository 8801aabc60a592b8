import { getDocumentText } from '@darkroom/bucket'
import {
  type ImageRef,
  metadataKey,
  type ReadDocument,
  type ReceivedRefusal,
  readDocument,
  type StoredDocument,
  s3Uri,
  toAsciiJson,
} from '@darkroom/core'
import { bucket } from '../clients.ts'
import { reportUnreadable } from '../metrics.ts'

/** SNS's limit for a message, and for all messages of a batch, attributes included. */
export const MAX_PUBLISHED_BYTES = 262_144

/** An event that is ready to be published. */
export interface OutcomeEvent {
  /** Of the document, or the id of an event of refusals. */
  key: string
  /** JSON in ASCII, so its length is its size in bytes. */
  message: string
  /** Subscribers filter by these. */
  attributes: { type: string; app: string; status: string }
  /** The size of message and attributes. */
  bytes: number
}

/** A document that was written. */
export interface WrittenDocument {
  image: ImageRef
  sequence: string
}

/**
 * Reads a document and makes its event. A field or a status that this version does not know is passed on.
 *
 * @returns undefined if the document was deleted, or cannot be read and will not be readable later
 * @throws ProblemError `storage-unavailable`
 */
export async function readOutcome({ image, sequence }: WrittenDocument): Promise<OutcomeEvent | undefined> {
  const key = metadataKey(image)
  const text = await getDocumentText(bucket, key)
  if (text === undefined) return undefined
  const { document, foreignKeys, unreadable } = readDocument(text, image)
  const status = document && statusOf(document)
  if (document === undefined || status === undefined) {
    reportUnreadable(key, unreadable ?? 'its status cannot be part of the name of an event')
    return undefined
  }
  const attributes = { type: `image.${status}.v1`, app: image.app, status }
  const envelope = {
    specversion: '1.0',
    id: `${image.imageId}/${sequence}`,
    source: '/darkroom/image-processor',
    type: attributes.type,
    time: timeOf(document),
    subject: image.imageId,
    datacontenttype: 'application/json',
    ...('traceparent' in document && { traceparent: document.traceparent }),
    sequence,
  }
  const whole = toEvent(
    key,
    { ...envelope, data: withoutVariants(JSON.parse(text), foreignKeys) },
    attributes,
  )
  if (whole.bytes <= MAX_PUBLISHED_BYTES) return whole
  return toEvent(key, { ...envelope, dataref: s3Uri(bucket.name, key) }, attributes)
}

/** The event of refusals of a message, as it came: a field that this version does not know is passed on. */
export function refusedEvent(refusal: ReceivedRefusal): OutcomeEvent {
  const { id, type, data } = refusal
  return toEvent(id, refusal, { type, app: data.app, status: 'refused' })
}

function statusOf(document: StoredDocument): string | undefined {
  const status = document.status === 'unknown' ? document.statedStatus : document.status
  return /^[a-z][a-z-]{0,63}$/.test(status) ? status : undefined
}

function timeOf(document: StoredDocument): string {
  if (document.status === 'erased') return document.erased_at
  return document.finished_at ?? document.accepted_at
}

/** Subscribers may sign or delete the keys of variants, so those that are not of this image are left out. */
function withoutVariants(data: Record<string, unknown>, keys: ReadDocument['foreignKeys'] = []): object {
  if (keys.length === 0 || !Array.isArray(data.variants)) return data
  return { ...data, variants: data.variants.filter(({ key }) => !keys.includes(key)) }
}

function toEvent(key: string, event: object, attributes: OutcomeEvent['attributes']): OutcomeEvent {
  const message = toAsciiJson(event)
  const sizes = Object.entries(attributes).map(
    ([name, value]) => name.length + 'String'.length + value.length,
  )
  return { key, message, attributes, bytes: sizes.reduce((sum, size) => sum + size, message.length) }
}
